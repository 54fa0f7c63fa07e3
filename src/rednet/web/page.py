"""The page: what a person sees. It lays out components and passes on; `steps.py` says what they do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr
from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse, JSONResponse
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from rednet.errors import OptionError
from rednet.images.formats import format_of, kernel_files, kernel_formats
from rednet.restoring.options import Options
from rednet.values import settings
from rednet.web.desk import Desks
from rednet.web.examples import make_examples
from rednet.web.gate import Gate
from rednet.web.incoming import MOST_PAGES, own_file
from rednet.web.limits import UPLOAD
from rednet.web.offline import stay_offline
from rednet.web.problems import problem
from rednet.web.proof import CROP
from rednet.web.steps import MOST_SIGMA, Steps

__all__ = ["make_page"]

HERE = Path(__file__).parent
FONTS = ["system-ui", "Segoe UI", "Roboto", "Helvetica Neue", "sans-serif"]
TASKS = [
    ("Automatic", "auto"),
    ("Noise", "denoise"),
    ("JPEG", "dejpeg"),
    ("Enlarge", "upscale"),
    ("Blur", "deblur"),
    ("Missing parts", "inpaint"),
]
SHAPES = [("Out of focus", "disk"), ("Soft", "gaussian"), ("Motion", "motion"), ("From a file", "file")]
BRUSH = "#ff2d2d"
STRENGTH: Any = settings(Options)["strength"]
HERE_ONLY = "Restores damaged pictures on this computer. Nothing is sent anywhere, or kept."
AT_THE_SERVER = "Restores damaged pictures on its server. They go nowhere else, and are not kept."
NOT_KEPT = {"Cache-Control": "no-store"}
MOST_FILES = 4  # of one upload
MOST_WAITING = 32  # steps
HEIGHT = 640  # px, of pictures at their largest


def make_page(app: FastAPI, desks: Desks, *, local: bool = True) -> tuple[FastAPI, Gate]:
    """Makes the page of an application.

    Args:
        app: the application; it gets the routes for the page's files.
        desks: of the people who open it.
        local: nobody but the people at this machine can open it.

    Returns:
        Gradio's application, whose lifespan is to be kept, and the gate before it, which leads to `app`, too.
    """
    stay_offline(desks.folder)
    add_files(app, desks)
    page = FastAPI(openapi_url=None)
    blocks = layout(Steps(desks, make_examples(desks.folder)), HERE_ONLY if local else AT_THE_SERVER)
    blocks.state_session_capacity = MOST_PAGES
    gr.mount_gradio_app(
        page,
        blocks,
        path="/",
        allowed_paths=[],
        footer_links=[],
        run_history=False,
        show_error=False,
        max_file_size=desks.limits.max_bytes,
        ssr_mode=False,
        pwa=False,
        mcp_server=False,
        enable_monitoring=False,
        theme=gr.themes.Default(
            primary_hue="blue", neutral_hue="slate", font=FONTS, font_mono=["ui-monospace", "monospace"]
        ),
        css=(HERE / "page.css").read_text("utf-8"),
        head=f"<script>{(HERE / 'page.js').read_text('utf-8')}</script>",
    )
    blocks.has_launched = True  # else Gradio opens any path; `Gate` and `own_file` check all paths before it, too
    return page, Gate(app, page, blocks, desks.incoming)


def add_files(app: FastAPI, desks: Desks) -> None:
    """Adds the routes of the page's files: what is sent, shown and saved."""

    async def saved(place: str) -> Response:
        desk = desks.saved(place)
        if desk is None or desk.saved is None:
            return problem(404, "this picture is gone; restore it again")
        return FileResponse(desk.saved, filename=desk.proposed_name, headers=NOT_KEPT)

    async def upload(request: Request) -> Response:
        try:
            async with request.form(max_files=MOST_FILES, max_fields=0) as form:
                parts = [part for part in form.getlist("files") if isinstance(part, UploadFile)]
                places = [await run_in_threadpool(desks.incoming.add, part.file, part.filename or "") for part in parts]
        except HTTPException as error:
            return problem(422, f"the form cannot be read: {error.detail}")
        return JSONResponse([str(place) for place in places])

    async def uploaded(upload_id: str = "") -> Response:
        return Response('data: {"msg": "done"}\n\n', media_type="text/event-stream")

    async def file(path: str) -> Response:
        try:
            place = own_file(path, desks.incoming.folder)
        except OptionError as error:
            return problem(404, str(error))
        row = format_of(place.suffix)
        kind = "application/octet-stream" if row is None else row.media
        shown = "inline" if row is not None and row.browsers else "attachment"
        return FileResponse(
            place, media_type=kind, filename=place.name, content_disposition_type=shown, headers=NOT_KEPT
        )

    for path, step, method in (
        ("/saved/{place}", saved, "GET"),
        (UPLOAD, upload, "POST"),
        ("/gradio_api/upload_progress", uploaded, "GET"),
        ("/gradio_api/file={path:path}", file, "GET"),
    ):
        app.add_api_route(path, step, methods=[method], include_in_schema=False)


def layout(steps: Steps, promise: str) -> Any:
    """Lays the page out, with a promise of where pictures go, and joins its parts to what they do."""
    with gr.Blocks(title="rednet", analytics_enabled=False, fill_width=True, delete_cache=(300, 1800)) as page:
        gr.HTML(f"<h1>rednet</h1><p>{promise}</p>", elem_id="title")
        with gr.Row(elem_id="columns"):
            with gr.Column(scale=1, min_width=320, elem_id="controls"):
                file = gr.File(label="Picture: drop, paste or choose", file_types=["image"], elem_id="file", height=150)
                gr.Markdown("Or try an example:")
                with gr.Row(elem_id="examples"):
                    examples = [gr.Button(e.title, size="sm", min_width=45) for e in steps.examples]
                found = gr.Markdown("", elem_id="found")
                task = gr.Radio(TASKS, value="auto", label="What is wrong with it?", elem_id="task")
                with gr.Group(visible=False) as noise:
                    know_sigma = gr.Checkbox(label="Set the noise myself", info="Else the network judges it.")
                    sigma = gr.Slider(0, MOST_SIGMA, 25, step=1, label="Noise", interactive=True,
                                      info="Standard deviation; 255 is white.")  # fmt: skip
                with gr.Group(visible=False) as compression:
                    know_quality = gr.Checkbox(label="Set the quality myself", info="Else the file tells it.")
                    quality = gr.Slider(1, 100, 35, step=1, label="JPEG quality", interactive=True)
                with gr.Group(visible=False) as size:
                    scale = gr.Radio([2, 3, 4], value=2, label="How many times larger?")
                with gr.Group(visible=False) as blur:
                    shape = gr.Radio(SHAPES, value="disk", label="Kind of blur")
                    length = gr.Slider(0.5, 30, 3, step=0.1, label="Radius, px", interactive=True)
                    angle = gr.Slider(0, 180, 0, step=1, label="Angle, degrees", visible=False, interactive=True)
                    drawn = [ending for row in kernel_formats() for ending in row.endings]
                    kernel_file = gr.File(label=f"Kernel: {kernel_files()}", visible=False, height=100,
                                          file_types=[*drawn, ".npy"])  # fmt: skip
                    kernel = gr.Image(label="What a point becomes", height=130, elem_id="kernel", interactive=False,
                                      format="png", buttons=[])  # fmt: skip
                with gr.Group(visible=False) as holes:
                    gr.Markdown("Paint over what is missing, then press *Restore*.", padding=True)
                    scratches = gr.Button("Find scratches", size="sm")
                    use_found = gr.Checkbox(label="Fill the scratches that were found (red)", visible=False)
                    known = gr.Checkbox(label="Restore the rest of the picture, too")
                with gr.Row():
                    restore = gr.Button(
                        "Restore", variant="primary", interactive=False, elem_id="restore", min_width=100
                    )
                    stop = gr.Button("Stop", interactive=False, elem_id="stop", min_width=100)
                status = gr.HTML("", elem_id="status")
            with gr.Column(scale=3, min_width=320):
                with gr.Tabs() as tabs:
                    with gr.Tab("Before and after", id="compare"):
                        compare = gr.ImageSlider(label="Before and after", show_label=False, interactive=False,
                                                 elem_id="compare", max_height=HEIGHT,
                                                 buttons=["fullscreen"])  # fmt: skip
                    with gr.Tab("Paint", id="paint", visible=False) as paint:
                        editor = gr.ImageEditor(
                            label="Paint over what is missing", elem_id="editor", height=HEIGHT, sources=(),
                            transforms=(),
                            layers=False, buttons=["fullscreen"], format="png", type="numpy",
                            brush=gr.Brush(colors=[BRUSH], default_color=BRUSH, color_mode="fixed", default_size=12),
                        )  # fmt: skip
                    with gr.Tab("Removed", id="removed"):
                        removed = gr.Image(label="What was taken away; gray is nothing", interactive=False,
                                           elem_id="removed", height=HEIGHT, buttons=["fullscreen"])  # fmt: skip
                    with gr.Tab("Zoom", id="zoom") as zoom_tab:
                        zoom = gr.ImageSlider(label=f"{CROP}x{CROP} px, enlarged", elem_id="zoom", interactive=False,
                                              max_height=HEIGHT, format="png", buttons=[])  # fmt: skip
                        with gr.Row():
                            across = gr.Slider(0, 100, 50, step=1, label="From left to right, %", interactive=True)
                            down = gr.Slider(0, 100, 50, step=1, label="From top to bottom, %", interactive=True)
                with gr.Row(elem_id="tuning"):
                    strength = gr.Slider(STRENGTH.lowest, STRENGTH.highest, 1, step=0.05, label="Strength",
                                         elem_id="strength", interactive=True,
                                         info="How much of the correction to apply.")  # fmt: skip
                    detail = gr.Slider(0, 1, 0, step=0.05, label="Detail", elem_id="detail", interactive=True,
                                       info="How much fine structure to give back.")  # fmt: skip
                    save = gr.Button("Save the picture", variant="primary", interactive=False, elem_id="save")
                link = gr.Textbox(visible="hidden", elem_id="link")
                came = gr.Textbox(visible="hidden", elem_id="came")  # the name of the picture's desk

        panels = [noise, compression, size, blur, holes, paint]
        levels = [
            task,
            know_sigma,
            sigma,
            know_quality,
            quality,
            scale,
            shape,
            length,
            angle,
            kernel_file,
            known,
            use_found,
        ]
        tuning = [strength, detail, across, down]
        shown = [compare, removed, zoom]
        restored = [*shown, status, restore, stop, save, tabs]
        opened = [file, came, found, task, sigma, quality, shape, length, scale, *panels, *restored]
        # The job before is stopped; "once" would drop the new one instead.
        run: dict[str, Any] = {"show_progress": "hidden", "trigger_mode": "multiple"}
        # Gradio closes its stream of answers after the last one that is awaited, and may miss that a slow step has just
        # joined; so the steps that are quick, and may come right before a slow one, are answered without the stream.
        quick: dict[str, Any] = {"show_progress": "hidden", "queue": False}
        latest: dict[str, Any] = {**quick, "trigger_mode": "always_last"}

        # What comes anew has no strokes on it, and the editor is slow to give them while it is being drawn itself.
        anew = [*levels, gr.State(None), *tuning]
        file.upload(steps.open, [file, *anew], opened, **run)
        for number, button in enumerate(examples):
            button.click(steps.example, [gr.State(number), *anew], opened, **run)
        came.change(steps.lay_out_canvas, None, [editor, use_found], **quick)  # once; an editor forgets its tool
        task.input(steps.choose, [task], [*panels, tabs], **quick)
        restore.click(steps.restore, [*levels, editor, *tuning], restored, **run)
        stop.click(steps.stop, None, None, **quick)
        described: list[Any] = [shape, length, angle, kernel_file]
        shape.change(steps.dress_kernel, [shape], [length, angle, kernel_file], **quick)
        gr.on([page.load, *(control.change for control in described)], steps.show_kernel, described, [kernel], **latest)
        scratches.click(steps.find_scratches, None, [editor, use_found, tabs])
        use_found.input(steps.use_found, [use_found], [editor])
        gr.on([strength.change, detail.change], steps.tune, tuning, shown, **latest)
        gr.on([across.change, down.change, zoom_tab.select], steps.zoom, tuning, [zoom], **latest)
        save.click(steps.save, [strength, detail], [link]).success(None, [link], None, js="(link) => rednetSave(link)")
        page.unload(steps.leave)
    page.queue(default_concurrency_limit=desks_limit(steps), max_size=MOST_WAITING, api_open=False)
    return page


def desks_limit(steps: Steps) -> int:
    """Return how many people may wait for a picture at the same time, each in a thread."""
    return steps.desks.limits.sessions
