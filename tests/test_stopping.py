"""Every step that takes long can be stopped, and not only between two pieces of the network."""

import numpy as np
import pytest

from rednet.classical.conjugate import descend
from rednet.classical.deconvolution import Deconvolution
from rednet.classical.filling import fill_missing
from rednet.classical.kernels import disk
from rednet.classical.resize import imresize
from rednet.images import PictureFile, from_array, write_picture
from rednet.restoring.detail import fine_structure
from rednet.restoring.holes import fill_holes, reach_inside
from rednet.restoring.restorer import Restorer
from rednet.restoring.scratches import find_scratches
from rednet.restoring.tasks import Deblur, Inpaint
from rednet.stopping import check_stop, stoppable
from rednet.tiling.fringes import fill_hidden
from rednet.web.jobs.queue import Job, JobQueue, JobState, StoppedError, TooSlowError

RNG = np.random.default_rng(0)
X = RNG.random((600, 700, 3)).astype(np.float32)
MASK = RNG.random(X.shape[:2]) < 0.6


def deconvolve(step):
    return lambda: getattr(Deconvolution(X, disk(5), 2.0), step)(*([X, 20.0] if step == "near" else []))


STEPS = {
    "scratches": lambda: find_scratches(X),
    "missing pixels": lambda: fill_missing(X, MASK),
    "hidden pixels": lambda: fill_hidden(X, MASK),
    "holes": lambda: fill_holes(lambda guess, mask: guess, X, MASK),
    "depth of holes": lambda: reach_inside(MASK, 48),
    "conjugate gradients": lambda: descend(lambda u: u * X[:, :, 1], X[:, :, 0], steps=9, settled=0.0),
    "inverse": deconvolve("smooth"),
    "inverse near a guess": deconvolve("near"),
    "fine structure": lambda: fine_structure(X),
    "resizing": lambda: imresize(X, 2),
}


class Stopped(Exception):
    """Whatever the one who started the work raises."""


def times_asked(step, stop_at=None):
    """Run a step and count how often it asks; the one who is asked stops it at the given time."""
    asked = 0

    def ask():
        nonlocal asked
        asked += 1
        if asked == stop_at:
            raise Stopped

    with stoppable(ask):
        step()
    return asked


@pytest.mark.parametrize("name", STEPS)
def test_a_long_step_asks_many_times_and_stops_when_it_is_told(name):
    count = times_asked(STEPS[name])
    assert count >= 2
    for stop_at in (1, count):
        with pytest.raises(Stopped):
            times_asked(STEPS[name], stop_at)
    check_stop()  # outside, nobody is asked


def test_reading_a_picture_asks_too(tmp_path):
    write_picture(tmp_path / "a.png", from_array(np.zeros((900, 9), np.uint8)))
    asked = []
    with stoppable(lambda: asked.append(1)):
        PictureFile(tmp_path / "a.png").read()
    assert len(asked) > 5


@pytest.mark.parametrize("suffix", [".png", ".tif", ".jpg", ".webp"])
def test_writing_a_picture_asks_too_and_leaves_nothing_when_it_is_stopped(suffix, tmp_path):
    path, picture = tmp_path / f"a{suffix}", from_array(RNG.integers(0, 256, (900, 800, 3), np.uint8))
    count = times_asked(lambda: write_picture(path, picture))
    assert count >= 2 and path.exists()
    path.unlink()
    with pytest.raises(Stopped):
        times_asked(lambda: write_picture(path, picture), stop_at=2)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("task", "inside"),
    [
        (Inpaint(find_scratches=True), "rednet.restoring.scratches.joined"),
        (Deblur(kernel=disk(5), noise_sigma=2.0), "rednet.classical.deconvolution._back"),
    ],
)
@pytest.mark.parametrize("how", ["cancelled", "too slow"])
def test_a_job_is_stopped_inside_a_long_step(task, inside, how, make_model, monkeypatch):
    """The job is cancelled, or runs out of time, while it is inside; it must not reach what comes after."""
    restorer = Restorer.from_pretrained(make_model(depth=4, width=2, channels=3, mask=True))
    monkeypatch.setattr(restorer, "residual", lambda y, *_, **__: pytest.fail("it ran") if calls else np.zeros_like(y))
    queue = JobQueue(2)
    module, _, name = inside.rpartition(".")
    step, calls = getattr(__import__(module, fromlist=[name]), name), []

    def stop_here(*args):
        calls.append(1)
        if how == "cancelled":
            queue.cancel(job)
        else:
            job.started -= 2 * job.max_seconds
        return step(*args)

    monkeypatch.setattr(inside, stop_here)
    picture = from_array((X * 255).astype(np.uint8))
    job = Job(lambda advance: restorer.run(task, picture, progress=advance), 60.0)
    try:
        queue.submit(job)
        with pytest.raises(StoppedError if how == "cancelled" else TooSlowError):
            job.future.result(60)
        assert job.state is (JobState.CANCELLED if how == "cancelled" else JobState.FAILED)
        assert len(calls) == 1
    finally:
        queue.close(5)
