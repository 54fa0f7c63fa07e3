"""Raw frames through a pipe."""

import io
import resource
import subprocess
import sys

import numpy as np
import pytest

from rednet import Restorer
from rednet.errors import ImageError, OptionError
from rednet.files.frames import PIXELS, parse_size, restore_frames
from rednet.restoring.options import Options
from rednet.restoring.tasks import Denoise, Upscale
from tests.command import rednet


@pytest.fixture(scope="module")
def restorer():
    return Restorer.from_pretrained("fast")


def noisy(rng, photo, count=3):
    clean = 255 * photo[:41, :30]
    return [np.clip(clean + rng.normal(0, 20, clean.shape), 0, 255).astype(np.uint8) for _ in range(count)]


def restored(frames, pixels, task, restorer, size=(30, 41)):
    target = io.BytesIO()
    source = io.BytesIO(b"".join(frame.tobytes() for frame in frames))
    assert restore_frames(source, target, size, pixels, task, restorer, Options()) == len(frames)
    return target.getvalue()


def test_every_frame_is_what_the_picture_alone_becomes(rng, photo, restorer):
    frames = noisy(rng, photo)
    given = np.frombuffer(restored(frames, "rgb24", Denoise(sigma=20), restorer), np.uint8).reshape(3, 41, 30, 3)
    for frame, result in zip(frames, given, strict=True):
        assert np.array_equal(result, restorer.restore_image(frame, Denoise(sigma=20)))
        assert not np.array_equal(result, frame)


@pytest.mark.parametrize("pixels", PIXELS)
def test_every_layout_keeps_its_type(pixels, rng, photo, restorer):
    layout = PIXELS[pixels]
    frame = noisy(rng, photo, 1)[0][:, :, : layout.channels].astype(layout.kind)
    if layout.kind == "<u2":
        frame *= np.uint16(257)
    content = restored([frame], pixels, Denoise(sigma=20), restorer)
    result = np.frombuffer(content, layout.kind).reshape(frame.shape)
    expected = restorer.restore_image(frame.astype(frame.dtype.newbyteorder("=")), Denoise(sigma=20))
    assert np.array_equal(result, expected)


def test_enlarged_frames_are_larger(rng, photo, restorer):
    content = restored(noisy(rng, photo, 1), "rgb24", Upscale(scale=2), restorer)
    assert len(content) == 60 * 82 * 3


def test_a_source_that_ends_within_a_frame_is_told_after_the_whole_frames(rng, photo, restorer):
    content, target = b"".join(frame.tobytes() for frame in noisy(rng, photo, 2)), io.BytesIO()
    with pytest.raises(ImageError, match="7 bytes before the end of frame 2"):
        restore_frames(io.BytesIO(content[:-7]), target, (30, 41), "rgb24", Denoise(), restorer, Options())
    assert len(target.getvalue()) == len(content) // 2


@pytest.mark.parametrize("size", ["", "0x5", "5", "5x", "-1x5", "99999x1", "5x5x5", "1920 x 1080"])
def test_a_size_that_is_none_is_refused(size):
    with pytest.raises(OptionError, match="1920x1080"):
        parse_size(size)


class Pipe(io.RawIOBase):
    """Frames made when they are read; notes the peak memory of the process along the way, kB."""

    def __init__(self, count, frame):
        self.count, self.frame, self.peaks = count, frame, []

    def read(self, size=-1):
        if len(self.peaks) == self.count:
            return b""
        self.peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
        assert size == len(self.frame)
        return self.frame


def test_300_frames_take_no_more_memory_than_30(make_model, rng):
    restorer = Restorer.from_pretrained(make_model(depth=4, width=4, channels=3))
    frame = rng.integers(0, 256, (240, 320, 3), np.uint8).tobytes()
    pipe = Pipe(300, frame)
    written = io.BytesIO()
    written.write = len  # the result goes nowhere
    assert restore_frames(pipe, written, (320, 240), "rgb24", Denoise(), restorer, Options()) == 300
    assert pipe.peaks[-1] - pipe.peaks[30] < 300 * len(frame) / 1024 / 10  # a tenth of what keeping them would take


COMMAND = ["frames", "--size", "30x41"]


def test_the_command_line_passes_frames_on(rng, photo, restorer):
    frames = noisy(rng, photo)
    content = b"".join(frame.tobytes() for frame in frames)
    ended = rednet(*COMMAND, "--sigma", "20", input=content, text=False)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout == restored(frames, "rgb24", Denoise(sigma=20), restorer)
    assert b"3 frames" in ended.stderr


def test_a_reader_that_ends_early_ends_rednet_without_a_traceback(rng, photo):
    content = b"".join(frame.tobytes() for frame in noisy(rng, photo)) * 40
    command = [sys.executable, "-m", "rednet", *COMMAND]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as ours:
        ours.stdout.close()
        try:
            ours.stdin.write(content)
            ours.stdin.close()
        except BrokenPipeError:
            pass
        words = ours.stderr.read().decode()
    assert ours.returncode == 1
    assert "has ended" in words and "Traceback" not in words


def test_an_option_of_another_task_is_refused():
    ended = rednet(*COMMAND, "--scale", "2")
    assert ended.returncode == 1
    assert ended.stderr == "rednet: denoise has no scale; leave it out (--scale)\n"
