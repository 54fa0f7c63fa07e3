import numpy as np
import pytest

from rednet.classical.kernels import (
    MAX_KERNEL,
    camera_shake,
    check_kernel,
    disk,
    gaussian,
    load_kernel,
    motion,
    parse_kernel,
)
from rednet.errors import OptionError


def spread(kernel):
    """Mean (row, column) of a kernel around its middle, and its variance along each axis, px."""
    grids = np.indices(kernel.shape) - np.array(kernel.shape)[:, None, None] // 2
    mean = np.array([(kernel * grid).sum() for grid in grids])
    return mean, np.array([(kernel * grid**2).sum() for grid in grids]) - mean**2


@pytest.mark.parametrize(
    "kernel", [disk(7), disk(1.3), gaussian(1.6), gaussian(1.6, 25), motion(15, 30), motion(2, 90)]
)
def test_every_shape_is_a_kernel_around_its_middle(kernel):
    assert kernel.sum() == pytest.approx(1) and (kernel >= 0).all() and all(side % 2 for side in kernel.shape)
    np.testing.assert_allclose(kernel, kernel[::-1, ::-1], atol=1e-12)


def test_the_shapes_spread_light_as_far_as_they_say():
    # A disk of radius r has the variance r^2 / 4 along each axis; a pixel adds 1 / 12 by its own size.
    np.testing.assert_allclose(spread(disk(7))[1], 49 / 4 + 1 / 12, rtol=0.01)
    np.testing.assert_allclose(spread(gaussian(1.6, 25))[1], 1.6**2, rtol=1e-6)
    # A movement of L px: L^2 / 12 along its direction, the width of 1 px across it, and the pixel.
    np.testing.assert_allclose(spread(motion(15, 0))[1], [0, (15**2 - 1) / 12], atol=1e-9)
    diagonal = spread(motion(20, 45))[1]
    np.testing.assert_allclose(diagonal, (20**2 / 12 + 1 / 12) / 2 + 1 / 12, rtol=0.01)


def test_three_px_to_the_right_are_three_equal_px():
    np.testing.assert_allclose(motion(3, 0), np.full((1, 3), 1 / 3))
    np.testing.assert_allclose(motion(3, 90), np.full((3, 1), 1 / 3), atol=1e-12)


def test_an_angle_is_counter_clockwise_as_one_sees_it():
    kernel = motion(15, 30)
    rows, columns = np.nonzero(kernel > kernel.max() / 2)
    assert np.polyfit(columns, rows, 1)[0] == pytest.approx(-np.tan(np.radians(30)), abs=0.03)  # rows count downwards


@pytest.mark.parametrize("size", [3, 9, 27])
def test_camera_shake_is_a_path_of_its_size_centred_and_drawn_anew(size):
    drawn = [camera_shake(size, np.random.default_rng(seed)) for seed in (0, 0, 1)]
    assert np.array_equal(drawn[0], drawn[1])
    assert drawn[0].shape != drawn[2].shape or not np.array_equal(drawn[0], drawn[2])
    for kernel in drawn:
        inked = [np.flatnonzero(kernel.any(axis=axis)) for axis in (0, 1)]
        assert size <= max(np.ptp(line) + 1 for line in inked) <= size + 2
        assert kernel.sum() == pytest.approx(1)
        assert np.abs(spread(kernel)[0]).max() < size / 4


@pytest.mark.parametrize(
    ("kernel", "message"),
    [
        (np.ones((4, 5)), "odd sides"),
        (np.ones(5), "2-D"),
        (np.zeros((3, 3)), "all zero"),
        (np.array([[1.0, -0.1, 0.1]]), "negative"),
        (np.array([[1.0, np.nan, 0.1]]), "not finite"),
        (np.ones((MAX_KERNEL + 2, 1)), "at most"),
        (np.ones((3, 3), complex), "real numbers"),
        (np.array([["a"]]), "real numbers"),
    ],
)
def test_what_is_no_kernel_is_refused(kernel, message):
    with pytest.raises(OptionError, match=message):
        check_kernel(kernel)


def test_a_kernel_is_scaled_to_sum_1():
    np.testing.assert_allclose(check_kernel(np.array([[1, 2, 1]], np.uint8)), [[0.25, 0.5, 0.25]])


def test_a_shape_can_be_told_in_words():
    np.testing.assert_array_equal(parse_kernel("disk:7"), disk(7))
    np.testing.assert_array_equal(parse_kernel("gaussian:1.6"), gaussian(1.6))
    np.testing.assert_array_equal(parse_kernel("motion:15,-30"), motion(15, -30))


@pytest.mark.parametrize(
    "text",
    ["", "disk", "disk:", "disk:a", "disk:1,2", "motion:5", "cube:3", "disk:0", "disk:1e9", "gaussian:nan",
     "motion:5,inf", "motion:5,nan", "motion:inf,5"],
)  # fmt: skip
def test_words_that_are_no_kernel_are_refused(text):
    with pytest.raises(OptionError, match=r"kernel|radius|length|angle"):
        parse_kernel(text)


def npy(header):
    """The content of a .npy file with such a header, and values for 3x3 numbers."""
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + np.ones(9).tobytes()


def npy_of(descr="'<f8'", shape="(3, 3)"):
    return npy(f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}\n")


@pytest.mark.parametrize(
    "content",
    [b"", b"\x93NUMPY", b"PK\x03\x04", b"PK\x05\x06" + bytes(18), npy("(" * 9000), npy("-" * 9000 + "1"), npy("xx ["),
     npy("{'descr': '''"), npy_of(shape="(" * 3000 + ")" * 3000), npy_of(shape="(-3, -3)"), npy_of(shape="(0, 3)"),
     npy_of(shape="(99999999999, 99999999999)"), npy_of(shape="(30001, 30001)"), npy_of("'|O'"), npy_of("5"),
     npy_of("'<M8[s]'"), npy_of("'<U2'"), npy_of("[('a', '<f8')]"), npy_of("'|V0'"), npy_of("'<c8'")],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore:Reading `.npy`")
def test_a_npy_file_that_is_no_kernel_is_one_sentence(content, tmp_path):
    (tmp_path / "k.npy").write_bytes(content)
    with pytest.raises(OptionError, match="kernel") as caught:
        load_kernel(str(tmp_path / "k.npy"))
    assert "\n" not in str(caught.value)
    (tmp_path / "k.npy").write_bytes(npy_of())
    assert load_kernel(str(tmp_path / "k.npy")).shape == (3, 3)


@pytest.mark.parametrize("value", [1e308, 1e-320])
def test_the_weights_of_a_kernel_may_be_any_positive_numbers(value):
    np.testing.assert_allclose(check_kernel(np.full((3, 3), value)), np.full((3, 3), 1 / 9), rtol=1e-3)
