import numpy as np
import pytest

from rednet.classical.kernels import disk
from rednet.degradations import (
    JPEG,
    Chain,
    Deconvolved,
    GaussianNoise,
    Identity,
    Impulses,
    MissingPixels,
    Mixture,
    Scaling,
    Share,
    degradation_from,
)
from rednet.errors import OptionError


def test_a_chain_knows_all_that_it_did(photo, rng):
    y, facts, mask = Chain((Scaling(2), GaussianNoise(10), MissingPixels("random", 0.1)))(photo, rng)[:3]
    assert facts == {"scale": 2.0, "sigma": 10.0} and mask is not None and y.shape == photo.shape


def test_noise_of_several_steps_adds_up_and_of_anything_else_the_last_is_told(photo, rng):
    noises = Chain((GaussianNoise(3), Impulses(0.01), GaussianNoise(4)))(photo, rng).facts
    assert noises == {"sigma": 5.0}
    assert Chain((Impulses(0.01), GaussianNoise(4)))(photo, rng).facts == {"sigma": 4.0}
    assert Chain((Impulses(0.01), Impulses(0.01)))(photo, rng).facts == {"sigma": None}
    assert Chain((JPEG(30), JPEG(80)))(photo, rng).facts == {"quality": 80.0}


def test_a_mixture_draws_by_weight_and_tells_as_often_as_it_should():
    mixture = Mixture((Share("a", GaussianNoise(5), 3, gray=0.5), Share("b", Identity(), 1)), told=0.5, task_told=0.3)
    x = np.full((4, 4, 3), 0.5, np.float32)
    rng = np.random.default_rng(0)
    draws = [mixture(x, rng) for _ in range(2000)]
    noisy = [(clean, degraded.facts) for task, clean, degraded in draws if task == 0]

    def near(count, total, share):
        return abs(count / total - share) < 4 * np.sqrt(share * (1 - share) / total)

    n = len(noisy)
    assert near(n, 2000, 0.75) and not near(n, 2000, 0.65)
    assert near(sum(clean.shape[2] == 1 for clean, _ in noisy), n, 0.5)
    assert near(sum(facts == {"sigma": 5.0} for _, facts in noisy), n, 0.5)
    assert near(sum(facts == {"sigma": None} for _, facts in noisy), n, 0.3)
    assert near(sum(facts == {} for _, facts in noisy), n, 0.2)


@pytest.mark.parametrize(
    "make",
    [
        lambda: GaussianNoise(-1),
        lambda: GaussianNoise((30, 10)),
        lambda: JPEG(0),
        lambda: Scaling(1),
        lambda: MissingPixels("random", 1.5),
        lambda: MissingPixels("holes"),
        lambda: JPEG(50, "4:1:0"),
        lambda: Deconvolved(sigma=-1),
        lambda: Deconvolved(size=1),
        lambda: Mixture(()),
        lambda: Mixture((Share("a", Identity()),), told=0.8, task_told=0.4),
        lambda: degradation_from({"kind": "rain"}),
        lambda: degradation_from({"kind": "jpeg", "sigma": 3}),
    ],
)
def test_options_outside_their_range_are_refused(make):
    with pytest.raises(OptionError):
        make()


def test_a_recipe_table_becomes_a_degradation_and_a_list_a_chain():
    assert degradation_from({"kind": "gaussian_noise", "sigma": [0, 55]}) == GaussianNoise((0, 55))
    chain = degradation_from([{"kind": "scaling", "scale": 2}, {"kind": "jpeg", "quality": 50}])
    assert chain == Chain((Scaling(2), JPEG(50)))
    small = {"kind": "jpeg", "quality": 50, "subsampling": ["4:2:0", "4:4:4"]}
    scaled = degradation_from({"kind": "scaling", "scale": [2, 3], "small": small})
    assert scaled == Scaling((2, 3), JPEG(50, ("4:2:0", "4:4:4")))


def test_a_recipe_names_a_kernel_in_words():
    blur = degradation_from({"kind": "blur", "kernel": "disk:7", "sigma": 2})
    np.testing.assert_array_equal(blur.kernel, disk(7))
    assert blur.sigma == 2
    with pytest.raises(OptionError, match="disk:RADIUS"):
        degradation_from({"kind": "blur", "kernel": 7})
