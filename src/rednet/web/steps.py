"""What happens on the page: each method is one thing that a person does."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from concurrent.futures import wait
from contextlib import suppress
from functools import wraps
from html import escape
from typing import Any, NamedTuple

import gradio as gr
import numpy as np
from numpy.typing import NDArray

from rednet.classical.kernels import Kernel, disk, gaussian, load_kernel, motion, picture_of
from rednet.classical.masks import from_layers, mark, to_layer
from rednet.errors import OptionError, RednetError
from rednet.restoring.inspection import FileInspection
from rednet.restoring.scratches import find_scratches
from rednet.restoring.tasks import Automatic, Deblur, Dejpeg, Denoise, Inpaint, Task, Upscale
from rednet.web.desk import Desk, Desks
from rednet.web.examples import Example
from rednet.web.incoming import own_file
from rednet.web.problems import said
from rednet.web.proof import smaller, to_show
from rednet.web.queue import Job, JobState, StoppedError
from rednet.web.strokes import read_strokes

__all__ = ["MOST_SIGMA", "Steps"]

LOOK_EVERY_S = 0.2  # at a job's progress
WITH_PANEL = ("denoise", "dejpeg", "upscale", "deblur", "inpaint")
BRUSH_RGB = (255, 45, 45)
MOST_SIGMA = 75  # that the page's slider goes to
SHOWN = [gr.skip(), gr.skip(), gr.skip()]  # the pictures of the tabs, left as they are
WORKING = [gr.Button(interactive=False), gr.Button(interactive=True), gr.Button(interactive=False), gr.skip()]
AS_THEY_ARE = [gr.skip()] * 4  # a button that is drawn anew several times a second can lose a click


def plainly(step: Callable[..., Any]) -> Callable[..., Any]:
    """Shows our own errors to the person, in their words."""

    @wraps(step)
    def shown(self: Steps, *arguments: Any) -> Any:
        try:
            return step(self, *arguments)
        except RednetError as error:
            raise self.failed(error) from None

    return shown


class Steps:
    """What the page does.

    Args:
        desks: where people's pictures are.
        examples: to try.
    """

    def __init__(self, desks: Desks, examples: list[Example]) -> None:
        self.desks, self.examples = desks, examples

    def told(self, warning: str) -> str:
        """Return a warning as the page shows it: a sentence without our paths."""
        words = said(warning, self.desks.folder)
        return f"{words[:1].upper()}{words[1:]}."

    def words(self, error: BaseException) -> str:
        """Return an error's sentence without our paths."""
        return said(error, self.desks.folder)

    def failed(self, error: RednetError) -> gr.Error:
        """Return one of our errors as the page shows it; the server does not log what a person did wrong."""
        return gr.Error(self.words(error), title="That did not work", print_exception=False)

    def open(self, path: str, request: gr.Request, *values: Any) -> Iterator[list[Any]]:
        """Takes a picture that was dropped, pasted or chosen, makes room for the next one, and restores it."""
        try:
            sent = own_file(path, self.desks.incoming.folder)
        except RednetError as error:
            raise self.failed(error) from None
        yield from self.come(Example("", sent, "auto", {}), request, Wishes(*values))

    def example(self, number: int, request: gr.Request, *values: Any) -> Iterator[list[Any]]:
        """Takes one of the examples, and restores it."""
        yield from self.come(self.examples[number], request, Wishes(*values))

    def come(self, new: Example, request: gr.Request, wishes: Wishes) -> Iterator[list[Any]]:
        """Shows a picture that has just come, and restores it.

        It is one event, not two in a row: Gradio closes its stream of answers after the last one that is awaited,
        and may miss that another step has just joined.
        """
        try:
            self.desks.incoming.paint(session(request), ())
            desk = self.desks.open(session(request), new.path, new.path.name)
            first, wishes = self.opened(desk, new, wishes)
        except RednetError as error:
            raise self.failed(error) from None
        finally:
            self.desks.incoming.release(str(new.path), session(request))  # it lies on the desk now, and goes with it
        yield first
        for update in self.restore(request, *wishes):
            yield [*[gr.skip()] * (len(first) - len(update)), *update]

    def opened(self, desk: Desk, new: Example, wishes: Wishes) -> tuple[list[Any], Wishes]:
        """Return the page's outputs for a new picture, and the new values of the controls."""
        preview = desk.show(to_show(smaller(self.desks.picture(desk))))
        facts, desk.proposed = desk.facts, new.mask
        scale, radius = new.options.get("scale", 2), new.options.get("radius", 3.0)
        found = new.mask is not None
        wishes = wishes._replace(task=new.task, shape="disk", length=radius, scale=scale, use_found=found, painted=None)
        *panels, tabs = self.choose(new.task)
        first = [
            None,
            desk.folder.name,
            in_words(facts),
            new.task,
            min(round(facts.sigma), MOST_SIGMA),
            facts.quality or gr.skip(),
            "disk",
            radius,
            scale,
            *panels,
            (preview, preview),
            None,
            None,
            "",
            gr.Button(interactive=True),
            gr.skip(),
            gr.Button(interactive=False),
            tabs,
        ]
        return first, wishes

    @plainly
    def lay_out_canvas(self, request: gr.Request) -> list[Any]:
        """Shows the picture to paint on, with what is known to be missing."""
        desk = self.desks.find(session(request))
        return [self.canvas(desk, desk.proposed), offer(desk.proposed)]

    def choose(self, task: str) -> list[Any]:
        """Shows what belongs to a task, and nothing else."""
        panels = [gr.Group(visible=task == name) for name in WITH_PANEL]
        return [
            *panels,
            gr.Tab(visible=task == "inpaint"),
            gr.Tabs(selected="paint" if task == "inpaint" else "compare"),
        ]

    def dress_kernel(self, shape: str) -> list[Any]:
        """Names the sliders of a kind of blur, and shows those that it has."""
        label = {"disk": "Radius, px", "gaussian": "Standard deviation, px"}.get(shape, "Length, px")
        return [
            gr.Slider(label=label, visible=shape != "file"),
            gr.Slider(visible=shape == "motion"),
            gr.File(visible=shape == "file"),
        ]

    @plainly
    def show_kernel(self, shape: str, length: float, angle: float, path: str | None) -> Any:
        """Draws what a point of light becomes."""
        return None if shape == "file" and path is None else picture_of(self.kernel(shape, length, angle, path))

    @plainly
    def find_scratches(self, request: gr.Request) -> list[Any]:
        """Proposes what is scratched, to be completed with the brush."""
        desk = self.desks.find(session(request))
        small = smaller(self.desks.picture(desk))
        mask = find_scratches(small.pixels)
        if not mask.any():
            gr.Info("No scratches were found; paint over them yourself.")
        desk.proposed = mask if mask.any() else None
        return [self.canvas(desk, desk.proposed), offer(desk.proposed), gr.Tabs(selected="paint")]

    @plainly
    def use_found(self, wanted: bool, request: gr.Request) -> Any:
        """Shows the picture to paint on with what was proposed, or without."""
        desk = self.desks.find(session(request))
        return self.canvas(desk, desk.proposed if wanted else None)

    def canvas(self, desk: Desk, mask: NDArray[np.bool_] | None) -> dict[str, Any]:
        """Return a picture to paint on, in which the pixels of the mask are painted already."""
        preview = to_show(smaller(self.desks.picture(desk)))
        marked = preview if mask is None else mark(preview, mask, BRUSH_RGB)
        desk.canvas = (marked.shape[1], marked.shape[0])
        return {"background": desk.show(marked, "png"), "layers": [], "composite": None}

    def restore(self, request: gr.Request, *values: Any) -> Iterator[list[Any]]:
        """Lets the network run, and tells how far it is until it is done, or another job has taken its place."""
        who, wishes, job = session(request), Wishes(*values), None
        try:
            desk = self.desks.find(who)
            job = self.desks.restore(desk, self.task(desk, wishes, who))
            buttons = WORKING
            while not (job.future.done() or self.desks.is_replaced(who, desk, job)):
                yield [*self.progress(job), *buttons]
                buttons = AS_THEY_ARE
                wait([job.future], LOOK_EVERY_S)
            if self.desks.is_replaced(who, desk, job):
                yield [*SHOWN, gr.skip(), *AS_THEY_ARE]  # else Gradio would show the last words again
                return
            job.future.result()
        except StoppedError:
            yield self.rest(job, "Stopped.")
        except RednetError as error:
            yield self.rest(job, "")
            raise self.failed(error) from None
        except Exception as error:
            yield self.rest(job, "")
            raise gr.Error("something went wrong here; the server's log tells what") from error
        else:
            done = " ".join([f"Done in {job.seconds:.1f} s.", *map(self.told, desk.warnings)])
            yield [*self.shown(desk, *wishes.tuning), *self.rest(job, done, save=True)[len(SHOWN) :]]
        finally:
            if job is not None:
                self.desks.queue.cancel(job)

    def progress(self, job: Job) -> list[Any]:
        """Tells how far a job is."""
        if job.stopping:
            words = "Stopping"
        elif job.state is JobState.WAITING:
            words = f"Waiting, {self.desks.queue.place(job)} before this one"
        elif job.seconds_left is None:
            words = "Restoring"
        else:
            words = f"Restoring: {job.done:.0%}, about {math.ceil(job.seconds_left)} s left"
        bar = f'<progress max="1" value="{job.done:.3f}" aria-label="{words}"></progress><p>{words}</p>'
        return [*SHOWN, bar]

    def rest(self, job: Job | None, words: str, *, save: bool = False) -> list[Any]:
        """Says how it ended, so that equal words are news, too; all but Stop can be pressed."""
        return [
            *SHOWN,
            f'<p role="status" data-job="{job.id if job else ""}">{escape(words)}</p>',
            gr.Button(interactive=True),
            gr.Button(interactive=False),
            gr.Button(interactive=True) if save else gr.skip(),
            gr.Tabs(selected="compare") if save else gr.skip(),
        ]

    def stop(self, request: gr.Request) -> None:
        """Stops the network at its next band; what is shown of it is up to `restore`, so that nothing comes late."""
        with suppress(OptionError):  # nothing to stop
            self.desks.stop(self.desks.find(session(request)))

    def task(self, desk: Desk, wishes: Wishes, who: str) -> Task:
        """Make the task that a person wishes."""
        if wishes.task == "denoise":
            return Denoise(sigma=wishes.sigma if wishes.know_sigma else None)
        if wishes.task == "dejpeg":
            return Dejpeg(quality=wishes.quality if wishes.know_quality else None)
        if wishes.task == "upscale":
            return Upscale(scale=wishes.scale)
        if wishes.task == "deblur":
            return Deblur(kernel=self.kernel(wishes.shape, wishes.length, wishes.angle, wishes.kernel_file))
        if wishes.task == "inpaint":
            layers = self.strokes(desk, who)
            if wishes.use_found and desk.proposed is not None:
                layers.append(to_layer(desk.proposed, BRUSH_RGB))
            return Inpaint(mask=from_layers(layers, desk.facts.height, desk.facts.width), restore_known=wishes.known)
        return Automatic()

    def strokes(self, desk: Desk, who: str) -> list[NDArray[np.uint8]]:
        """Return the layers that a person has painted on the picture."""
        incoming = self.desks.incoming
        paths = incoming.layers(who)
        return read_strokes(paths, incoming.folder, desk.canvas or (0, 0), BRUSH_RGB) if paths else []

    def kernel(self, shape: str, length: float, angle: float, path: str | None) -> Kernel:
        """Makes the kernel that the page's controls describe."""
        if path is not None:
            path = str(own_file(path, self.desks.incoming.folder))
        return kernel_of(shape, length, angle, path)

    def shown(self, desk: Desk, strength: float, detail: float, across: float, down: float) -> list[Any]:
        """Return the pictures of all tabs."""
        proof = desk.need_proof()
        views = proof.views(strength, detail)
        crop = self.enlarged(desk, strength, detail, across, down)
        before, after, removed = map(desk.show, (views.before, views.after, views.removed))
        return [(before, after), removed, crop]

    def tune(self, strength: float, detail: float, across: float, down: float, request: gr.Request) -> list[Any]:
        """Applies the correction anew; the network does not run."""
        desk = self.restored(request)
        return SHOWN if desk is None else self.shown(desk, strength, detail, across, down)

    def zoom(self, strength: float, detail: float, across: float, down: float, request: gr.Request) -> Any:
        """Shows another part at full size."""
        desk = self.restored(request)
        if desk is None:
            return gr.skip()
        return self.enlarged(desk, strength, detail, across, down)

    def enlarged(self, desk: Desk, strength: float, detail: float, across: float, down: float) -> tuple[str, str]:
        """Return a part of the picture at full size, before and after."""
        before, after = desk.need_proof().crop(across / 100, down / 100, strength, detail)
        return desk.show(before, "png"), desk.show(after, "png")

    def restored(self, request: gr.Request) -> Desk | None:
        """Return the person's desk if a restored picture is on it, else None."""
        try:
            desk = self.desks.find(session(request))
        except OptionError:
            return None
        return None if desk.proof is None else desk

    @plainly
    def save(self, strength: float, detail: float, request: gr.Request) -> str:
        """Writes the picture at full size and says where the browser finds it."""
        desk = self.desks.find(session(request))
        self.desks.save(desk, strength, detail)
        return f"saved/{desk.folder.name}"

    def leave(self, request: gr.Request) -> None:
        """Forgets the picture of somebody who has closed the page."""
        self.desks.drop(session(request))


class Wishes(NamedTuple):
    """What the page's controls say, in their order."""

    task: str
    know_sigma: bool
    sigma: float
    know_quality: bool
    quality: float
    scale: int
    shape: str
    length: float
    angle: float
    kernel_file: str | None
    known: bool
    use_found: bool
    painted: None  # see `Gate.value`
    strength: float
    detail: float
    across: float
    down: float

    @property
    def tuning(self) -> tuple[float, float, float, float]:
        """What can be changed without the network."""
        return self.strength, self.detail, self.across, self.down


def session(request: gr.Request) -> str:
    """Tells one open page from another."""
    return request.session_hash or ""


def kernel_of(shape: str, length: float, angle: float, path: str | None) -> Kernel:
    """Makes the kernel that the page's controls describe."""
    if shape == "file":
        if path is None:
            raise OptionError("choose a file with the kernel first")
        try:
            return load_kernel(path)
        except RednetError as error:  # of a file in Gradio's own folder
            raise OptionError(str(error).replace(path, "the kernel")) from None
    if shape == "motion":
        return motion(length, angle)
    return gaussian(length) if shape == "gaussian" else disk(length)


def offer(mask: NDArray[np.bool_] | None) -> Any:
    """Lets a person take what was proposed, if anything was."""
    return gr.Checkbox(value=mask is not None, visible=mask is not None)


def in_words(facts: FileInspection) -> str:
    """Says what an inspection has found."""
    found, _, action = facts.words.rpartition(": ")
    return f"{facts.kind}, {facts.width} x {facts.height} px. Found: **{found}**. Automatic means: {action}."
