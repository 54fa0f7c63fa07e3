"""What happens on the page, without a browser: one job takes the place of another, and nothing is left of either."""

from types import SimpleNamespace

import numpy as np
import pytest

from rednet.errors import OptionError
from rednet.images import from_array, write_picture
from rednet.restoring.restorer import Restorer
from rednet.restoring.tasks import Task
from rednet.web.limits import Limits
from rednet.web.queue import JobQueue, JobState
from tests.web.conftest import PatientEngine, files_below

gradio = pytest.importorskip("gradio")

from rednet.web.desk import Desks  # noqa: E402
from rednet.web.steps import AS_THEY_ARE, SHOWN, Steps  # noqa: E402

ME = SimpleNamespace(session_hash="me")
DENOISE = ("denoise", False, 25, False, 35, 2, "disk", 3, 0, None, False, False, None, 1, 0, 50, 50)
STATUS, RESTORE, STOP = 3, 4, 5  # of what `Steps.restore` yields
SILENCE = [*SHOWN, gradio.skip(), *AS_THEY_ARE]


@pytest.fixture
def engine(restorer):
    return PatientEngine(restorer.engine.config)


@pytest.fixture
def steps(engine, tmp_path):
    queue = JobQueue(4)
    yield Steps(Desks(tmp_path, queue, Restorer(engine), Limits()), [])
    engine.go.set()
    queue.close(5)


@pytest.fixture
def path(two_tiles, tmp_path):
    path = tmp_path / "a.png"
    write_picture(path, from_array(two_tiles))
    return path


def sent(steps, path):
    """Sends a file, and gives the path that the server answers."""
    with path.open("rb") as file:
        place = str(steps.desks.incoming.add(file, path.name))
    steps.desks.incoming.claim(place, ME.session_hash)  # as the gate does
    return place


def come(steps, path):
    """Opens a picture, and goes no further."""
    return next(steps.open(sent(steps, path), ME, *DENOISE))


def begin(steps, engine):
    """Starts a restoration and waits until the network is at it."""
    words = steps.restore(ME, *DENOISE)
    assert "<progress" in next(words)[STATUS]
    assert engine.begun.wait(10)
    return words


@pytest.mark.parametrize("another", ["picture", "job"])
def test_a_job_that_another_one_has_replaced_is_silent(another, steps, engine, path):
    come(steps, path)
    first = begin(steps, engine)
    if another == "picture":
        come(steps, path)
    second = steps.restore(ME, *DENOISE)
    next(second)
    assert list(first) == [SILENCE]
    engine.go.set()
    last = list(second)[-1]
    assert "Done in" in last[STATUS] and last[RESTORE].interactive and not last[STOP].interactive


def test_a_job_that_is_stopped_says_so(steps, engine, path):
    come(steps, path)
    words = begin(steps, engine)
    steps.stop(ME)
    engine.go.set()
    assert "Stopped." in list(words)[-1][STATUS]


def test_after_a_surprise_the_page_can_be_used_again(steps, path, monkeypatch):
    class Surprise(Task):
        def correct(self, *given):
            raise MemoryError

    come(steps, path)
    monkeypatch.setattr(steps, "task", lambda desk, wishes, who: Surprise())
    shown = []
    with pytest.raises(gradio.Error, match="the server's log"):
        shown.extend(steps.restore(ME, *DENOISE))
    shown = []
    words = steps.restore(ME, *DENOISE)
    with pytest.raises(gradio.Error):
        while True:
            shown.append(next(words))
    assert shown[-1][RESTORE].interactive and not shown[-1][STOP].interactive


def test_a_bad_kernel_is_told_without_our_paths(steps, tmp_path):
    for name in ("my kernel.png", "none.npy"):
        (tmp_path / name).write_text("no kernel")
        with pytest.raises(gradio.Error, match=r"'the kernel (is not a picture|cannot be read)") as told:
            steps.show_kernel("file", 3.0, 0.0, sent(steps, tmp_path / name))
        assert str(tmp_path) not in str(told.value)


def test_a_picture_lies_on_its_desk_alone_and_all_that_was_shown_goes_with_it(steps, path, engine):
    engine.go.set()
    list(steps.open(sent(steps, path), ME, *DENOISE))
    steps.lay_out_canvas(ME)
    steps.desks.incoming.claim(sent(steps, path), "me")
    shown = files_below(steps.desks.incoming.folder)
    assert len(shown) >= 6 and steps.desks.find("me").source.exists()
    steps.leave(ME)
    assert not files_below(steps.desks.incoming.folder) and not list(steps.desks.folder.glob("desk-*"))


def test_a_picture_that_is_none_is_not_kept_either(steps, tmp_path):
    (tmp_path / "b.png").write_text("no picture")
    with pytest.raises(gradio.Error, match="not a picture"):
        next(steps.open(sent(steps, tmp_path / "b.png"), ME, *DENOISE))
    assert not files_below(steps.desks.incoming.folder)


def test_what_a_job_still_writes_goes_when_it_ends(steps, tmp_path, path, engine):
    class Late(Task):
        def correct(self, network, picture, *given):
            engine.begun.set()
            engine.go.wait(10)
            folder.mkdir()
            (folder / "late").write_text("x")
            return np.zeros_like(picture.pixels)

    come(steps, path)
    desk = steps.desks.find("me")
    folder = desk.folder
    job = steps.desks.restore(desk, Late())
    assert engine.begun.wait(10)
    steps.leave(ME)
    assert not folder.exists()
    engine.go.set()
    assert job.future.exception(10) is not None and job.state is JobState.CANCELLED
    steps.desks.queue.close(5)
    assert not folder.exists()


def test_what_would_be_shown_after_the_page_was_closed_is_not_written(steps, path):
    come(steps, path)
    desk = steps.desks.find("me")
    steps.leave(ME)
    with pytest.raises(OptionError, match="gone"):
        desk.show(np.zeros((4, 4, 3), np.uint8))
    assert not desk.shown.exists() and not desk.folder.exists()
