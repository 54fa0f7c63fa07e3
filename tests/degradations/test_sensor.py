import numpy as np
import pytest

from rednet.degradations import GaussianNoise, SensorNoise
from rednet.degradations.sensor import LIGHT, STEPS, Bayer, index

# The four kernels of Malvar, He and Cutler's figure 2, times 8.
CROSS = [[0, 0, -1, 0, 0], [0, 0, 2, 0, 0], [-1, 2, 4, 2, -1], [0, 0, 2, 0, 0], [0, 0, -1, 0, 0]]
ROW = [[0, 0, 0.5, 0, 0], [0, -1, 0, -1, 0], [-1, 4, 5, 4, -1], [0, -1, 0, -1, 0], [0, 0, 0.5, 0, 0]]
ACROSS = [[0, 0, -1.5, 0, 0], [0, 2, 0, 2, 0], [-1.5, 0, 6, 0, -1.5], [0, 2, 0, 2, 0], [0, 0, -1.5, 0, 0]]


def card(value, side=192):
    return np.full((side, side, 3), value, np.float32)


def noise_of(degradation, x, seed=0):
    return degradation(x, np.random.default_rng(seed)).y - x


def neighbours(noise):
    """Return the correlation of each value with the next in its row."""
    return float(np.corrcoef(noise[:, :-1].ravel(), noise[:, 1:].ravel())[0, 1])


@pytest.mark.parametrize("demosaicing", ["bilinear", "malvar"])
@pytest.mark.parametrize(("colour", "sharpening", "read"), [(0, 0, 0), (0.8, 0, 0.5), (0, 0.8, 1), (0.5, 0.5, 0.2)])
def test_the_finished_noise_has_its_sigma_on_a_gray_card(demosaicing, colour, sharpening, read):
    made = SensorNoise(10, read, colour, sharpening, demosaicing)
    measured = [255 * noise_of(made, card(0.5), seed).std() for seed in range(4)]
    # The gain is measured with equal noise in all colours, but blue and red have up to twice as much as green.
    assert np.mean(measured) == pytest.approx(10, rel=0.08)


@pytest.mark.parametrize(("read", "ratio"), [(0.0, 4.0), (1.0, 1.0)])
def test_photon_noise_grows_with_the_light_and_read_noise_does_not(read, ratio):
    made = SensorNoise(3, read, 0, 0, "malvar")
    bright = float(np.searchsorted(LIGHT, 0.4) / STEPS)
    dim = float(np.searchsorted(LIGHT, 0.1) / STEPS)
    variances = []
    for x in (card(bright, 256), card(dim, 256)):
        y = made(x, np.random.default_rng(1)).y
        variances.append(np.var(LIGHT[index(y)] - LIGHT[index(x)]))
    # 65536 values of which about a third are independent: the ratio of two variances is good to 2 %.
    assert variances[0] / variances[1] == pytest.approx(ratio, rel=0.1)


def test_black_stays_black_without_read_noise():
    assert not noise_of(SensorNoise(20, read=0), card(0)).any()
    assert noise_of(SensorNoise(20, read=0.1), card(0)).any()


def test_the_noise_is_correlated_as_white_noise_is_not():
    assert neighbours(noise_of(SensorNoise(10, 0.2, 0, 0, "bilinear"), card(0.5))) > 0.2
    assert abs(neighbours(noise_of(GaussianNoise(10), card(0.5)))) < 0.02


def test_without_noise_the_picture_is_untouched(photo, rng):
    y, facts = SensorNoise(0)(photo, rng)[:2]
    assert np.array_equal(y, photo) and facts == {"sigma": 0}


def test_the_told_level_is_that_of_this_picture(photo, rng):
    y, facts = SensorNoise(15)(photo, rng)[:2]
    assert facts["sigma"] == pytest.approx(255 * np.sqrt(np.mean((y - photo) ** 2)), rel=1e-5)
    assert 5 < facts["sigma"] < 25 and y.min() >= 0 and y.max() <= 1


@pytest.mark.parametrize("phase", [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_bilinear_demosaicing_is_opencvs(phase, rng):
    cv2 = pytest.importorskip("cv2")
    mosaic = rng.integers(0, 60000, (32, 36)).astype(np.uint16)
    names = {(0, 0): "RGGB", (0, 1): "GRBG", (1, 0): "GBRG", (1, 1): "BGGR"}
    expected = cv2.demosaicing(mosaic, getattr(cv2, f"COLOR_Bayer{names[phase]}2RGB"))
    ours = Bayer(*phase).demosaiced(mosaic.astype(np.float32), "bilinear").transpose(1, 2, 0)
    inside = slice(2, -2), slice(2, -2)
    np.testing.assert_allclose(ours[inside], expected[inside], atol=0.76)  # OpenCV rounds quarters


@pytest.mark.parametrize("phase", [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_malvars_demosaicing_is_the_papers(phase, rng):
    from scipy.ndimage import correlate

    mosaic = rng.random((14, 17)).astype(np.float32)
    ours = Bayer(*phase).demosaiced(mosaic, "malvar")
    filters = {name: correlate(mosaic, np.array(k) / 8, mode="mirror") for name, k in
               (("cross", CROSS), ("row", ROW), ("column", np.transpose(ROW)), ("across", ACROSS))}  # fmt: skip
    for i in range(14):
        for j in range(17):
            place = ((i - phase[0]) % 2, (j - phase[1]) % 2)
            wanted = {
                (0, 0): (mosaic, filters["cross"], filters["across"]),
                (0, 1): (filters["row"], mosaic, filters["column"]),
                (1, 0): (filters["column"], mosaic, filters["row"]),
                (1, 1): (filters["across"], filters["cross"], mosaic),
            }[place]
            np.testing.assert_allclose(ours[:, i, j], [plane[i, j] for plane in wanted], atol=1e-6)
