"""The roads of the golden set: all ways in which users can restore a picture with rednet."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from golden_pictures import KERNEL, arrays, lost_pixels, make_large, make_scans, pil_images
from golden_set import Golden, hash_picture
from PIL import Image

import rednet

FAST = ("--model", "fast", "--threads", "1")
FILES = Path("files")
BESIDE = ("mask", "small", "kernel", "broken", "scratched", "painted")  # how files begin that are no plain pictures
LEDGER = ".rednet-ledger.jsonl"
SENTENCES = ("words", "error")  # of a report: for people

# Each verb: its function, what it must be told, and the options of its own that are tried.
VERBS: dict[str, tuple[tuple[Any, ...], list[dict[str, Any]]]] = {
    "restore": ((), []),
    "denoise": ((), [{"sigma": 25}, {"sigma": 0}, {"quality": 40}, {"sigma": 12.5, "quality": 70}]),
    "dejpeg": ((), [{"quality": 20}, {"quality": 70, "sigma": 15}, {"sigma": 10}]),
    "upscale": ((), [{"scale": 3}, {"scale": 4}]),
    "deblur": (("gaussian:1.2",), [{"sigma": 2.55}, {"steps": 0}, {"steps": 4}, {"sigma": 5, "steps": 1}]),
    "inpaint": ((lost_pixels(),), [{"restore_known": True}, {"restore_known": True, "strength": 0.5}]),
}
COMMON: list[dict[str, Any]] = [
    {"strength": 0.0}, {"strength": 0.5}, {"strength": 1.5}, {"detail": 0.5}, {"detail": 1.0},
    {"strength": 0.7, "detail": 0.3}, {"self_ensemble": True}, {"strength": -1.0},
]  # fmt: skip

# The command line: a name, and what follows `rednet`.
COMMANDS = {
    "universal": "restore files/rgb.png -o out/a.png --model universal",
    "onnx": "restore files/rgb.png -o out/a.png --engine onnx",
    "strength": "restore files/plain.jpg -o out/a.png --strength 0.6",
    "detail": "denoise files/rgba16.png -o out/a.png --detail 0.7 --strength 1.3",
    "8 orientations": "denoise files/gray.png -o out/a.png --self-ensemble",
    "removed": "restore files/plain.jpg -o out/a.jpg --show-removed out/b.png --json",
    "uncertainty": "restore files/rgba.png -o out/a.png --uncertainty out/b.png --json",
    "skip clean": "restore files/clean.png -o out/a.png --skip-clean --json",
    "skip clean, noisy": "restore files/rgb.png -o out/a.png --skip-clean --json",
    "dry run": "restore files/rgb.png -o out/a.png --dry-run --json",
    "dry run of many": "upscale files/rgb.png files/pages.tif files/broken.png -o out --dry-run --json",
    "to jpg": "restore files/rgb16.png -o out/a.jpg --save-quality 60",
    "to tif": "restore files/rgba.png -o out/a.tif",
    "to webp": "restore files/float.tif -o out/a.webp",
    "to avif": "restore files/rgb16.png -o out --format avif",
    "alpha to jpg": "restore files/rgba.png -o out/a.jpg",
    "pages to png": "restore files/pages.tif -o out/a.png",
    "stripped": "restore files/turned.jpg -o out/a.jpg --strip-metadata",
    "range": "denoise files/sensor.tif -o out/a.tif --range 0,4095",
    "range, to png": "denoise files/sensor.tif -o out/a.png --range 0,4095",
    "sigma and quality": "denoise files/plain.jpg -o out/a.png --sigma 15 --quality 30",
    "quality and sigma": "dejpeg files/rgb.png -o out/a.png --quality 30 --sigma 15",
    "scale 3": "upscale files/rgba.png -o out/a.png --scale 3 --detail 0.5",
    "scale 4": "upscale files/pages.tif -o out/a.tif --scale 4",
    "kernel": "deblur files/rgba.png -o out/a.png --kernel motion:7,30 --noise-sigma 3 --steps 1",
    "kernel file": "deblur files/gray16.tif -o out/a.tif --kernel files/kernel.npy --show-removed out/b.png",
    "kernel picture": "deblur files/turned.jpg -o out/a.jpg --kernel files/kernel.png --self-ensemble",
    "mask": "inpaint files/rgba16.png -o out/a.png --mask files/mask.png",
    "mask, restoring": "inpaint files/rgb.png -o out/a.png --mask files/mask.png --restore-known --strength 0.8",
    "mask of colour": "inpaint files/painted.png -o out/a.png --mask-color #ff0000 --tolerance 3",
    "mask of alpha": "inpaint files/rgba.png -o out/a.jpg --mask-alpha",
    "mask of another size": "inpaint files/rgb.png -o out/a.png --mask files/small-mask.png",
    "mask with detail": "inpaint files/rgb.png -o out/a.png --mask files/mask.png --detail 0.5",
    "no mask": "inpaint files/rgb.png -o out/a.png",
    "uncertainty of upscaling": "upscale files/rgb.png -o out/a.png --uncertainty out/b.png",
    "broken": "restore files/broken.png -o out/a.png --json",
    "too strong": "restore files/rgb.png -o out/a.png --strength 9",
    "too large": "upscale files/rgb.png -o out/a.png --max-megapixels 0.01",
    "inspect range": "inspect files/sensor.tif --range 0,4095 --json",
}

# The service: a file of the folder, and the fields of a form or of a query.
REQUESTS: Sequence[tuple[str, dict[str, str]]] = (
    ("rgb.png", {}),
    ("plain.jpg", {"task": "auto", "strength": "0.5", "detail": "0.3"}),
    ("rgba16.png", {"task": "denoise", "sigma": "20", "self_ensemble": "true"}),
    ("plain.jpg", {"task": "denoise"}),
    ("gray.jpg", {"task": "dejpeg", "save_quality": "70"}),
    ("rgb.png", {"task": "dejpeg", "quality": "30", "sigma": "10", "format": "jpg"}),
    ("pages.tif", {"task": "upscale", "scale": "3"}),
    ("turned.jpg", {"task": "deblur", "kernel": "disk:2", "noise_sigma": "2", "steps": "1"}),
    ("rgb.png", {"task": "deblur", "kernel": "gaussian:1.2", "format": "webp"}),
    ("painted.png", {"task": "inpaint", "mask_color": "#ff0000", "tolerance": "2"}),
    ("rgba.png", {"task": "inpaint", "mask_alpha": "true", "restore_known": "true", "strength": "0.7"}),
    ("scratched.png", {"task": "inpaint", "find_scratches": "true"}),
    ("sensor.tif", {"task": "denoise", "range": "0,4095"}),
    ("rgb.png", {"task": "inpaint"}),
    ("rgb.png", {"task": "upscale", "sigma": "3"}),
    ("rgb.png", {"strength": "3"}),
    ("broken.png", {"task": "denoise"}),
)


def told(options: dict[str, Any]) -> str:
    """Name options, for the name of a result."""
    return ",".join(f"{name}={value}" for name, value in options.items())


def by_python(golden: Golden) -> None:
    """The functions of rednet: every verb with every kind of picture, and with every option."""
    names = [path.name for path in FILES.iterdir() if not path.name.startswith(BESIDE)]
    made = arrays()
    for verb, (needed, own) in VERBS.items():
        function = getattr(rednet, verb)
        for kind, array in made.items():
            first = () if not needed else (lost_pixels(*array.shape[:2]),) if verb == "inpaint" else needed
            golden.call(f"python/{verb}/{kind}", partial(function, array, *first))
        for kind in ("rgb-uint8", "rgba-uint16"):
            for options in own + COMMON:
                golden.call(f"python/{verb}/{kind}/{told(options)}", partial(function, made[kind], *needed, **options))
        for mode, image in pil_images(made).items():
            golden.call(f"python/{verb}/PIL {mode}", partial(function, image, *needed))
        for name in names:
            golden.call(f"python/{verb}/path {name}", partial(function, FILES / name, *needed))
    picture = made["rgb-uint8"]
    for kernel in ("disk:2", "motion:7,30", str(FILES / "kernel.png"), FILES / "kernel.npy", "cube:3"):
        golden.call(f"python/deblur/kernel {kernel}", partial(rednet.deblur, picture, kernel))
    golden.call("python/deblur/kernel array", partial(rednet.deblur, picture, KERNEL))
    masks = {"path": FILES / "mask.png", "PIL": Image.open(FILES / "mask.png"), "numbers": lost_pixels().astype(float)}
    masks |= {"small": lost_pixels(9, 9), "full": np.ones((80, 96), bool), "empty": np.zeros((80, 96), bool)}
    for kind, mask in masks.items():
        golden.call(f"python/inpaint/mask {kind}", partial(rednet.inpaint, picture, mask))
    holes = made["rgb-float32"].copy()
    holes[lost_pixels()] = np.nan
    golden.call("python/inpaint/NaN in the holes", partial(rednet.inpaint, holes, lost_pixels()))
    golden.call("python/restore/NaN", partial(rednet.restore, holes))


def by_restorer(golden: Golden) -> None:
    """`Restorer`: another model, another engine, and tiles that are smaller than the picture."""
    picture = np.tile(arrays()["rgba-uint8"], (2, 2, 1))
    for name, options in {
        "fast": {"name_or_dir": "fast"},
        "fast, onnx, tiles": {"name_or_dir": "fast", "engine": "onnx", "tile": 64},
        "universal, tiles": {"tile": 64},
    }.items():
        restorer = rednet.Restorer.from_pretrained(threads=1, **options)
        calls = {
            "auto": partial(restorer.restore, picture),
            "sigma": partial(restorer.restore, picture, facts={"sigma": 20.0}),
            "blind": partial(restorer.restore, picture, facts={}),
            "8 orientations": partial(restorer.restore, picture, facts={"sigma": None}, self_ensemble=True),
            "mask": partial(restorer.restore, picture, mask=lost_pixels(160, 192), restore_known=True),
            "upscale": partial(restorer.upscale, picture, 2, detail=0.4),
            "deblur": partial(restorer.deblur, picture, "disk:1.5", 2.0, steps=1),
        }
        for what, call in calls.items():
            golden.call(f"restorer/{name}/{what}", call)


def environment() -> dict[str, str]:
    """Make the environment in which a command finds the same rednet as this process."""
    found = Path(rednet.__file__).resolve().parents[1]
    kept = {name: value for name, value in os.environ.items() if name not in ("REDNET_TOKEN", "PYTHONPATH")}
    return {**kept, "PYTHONPATH": str(found)}


def without_seconds(golden: Golden, name: str, text: str) -> Any:
    """Read the reports that a command printed; drop the time, and keep sentences for people apart."""
    rows = json.loads(text) if text.startswith("[") else [json.loads(line) for line in text.splitlines()]
    golden.add(name, {row["input"]: {key: row.pop(key) for key in SENTENCES if key in row} for row in rows}, "words")
    return {row["input"]: {key: value for key, value in row.items() if key != "seconds"} for row in rows}


def run(golden: Golden, name: str, *command: str | Path, stdin: Path | None = None) -> None:
    """Run rednet, and record its exit code, its machine-readable output, and all files in the folder `out`."""
    words = [sys.executable, "-m", "rednet", *map(str, command)]
    given = stdin.read_bytes() if stdin is not None else b""
    done = subprocess.run(words, input=given, capture_output=True, env=environment(), check=False)
    result: dict[str, Any] = {"exit": done.returncode}
    if b"Traceback" in done.stderr:
        result["crashed"] = True
    if "--json" in words:
        result["report"] = without_seconds(golden, name, done.stdout.decode())
    elif done.stdout[:1] in (b"\x89", b"\xff", b"I", b"R"):
        result["stdout"] = hash_picture(done.stdout)
    else:
        golden.add(f"{name}, stdout", without_times(done.stdout), "words")
    golden.add(f"{name}, stderr", without_times(done.stderr), "words")
    result["files"] = note_files(golden, name, Path("out"))
    golden.add(name, result)


def without_times(said: bytes) -> list[str]:
    """Split the printed text into lines, and drop the times."""
    return re.sub(r"[\d.]+ (s|megapixels a second)\b", r"\1", said.decode()).splitlines()


def note_files(golden: Golden, name: str, folder: Path) -> dict[str, Any]:
    """Hash all files below a folder; the lines of a ledger go into a section of their own."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.name == LEDGER:
            lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
            golden.add(f"{name}, {path}", {line["output"]: line for line in lines}, "ledger")
        elif path.is_file():
            found[path.as_posix()] = hash_picture(path.read_bytes())
    return found


def fresh_out() -> None:
    """Create the folder `out` anew, empty."""
    shutil.rmtree("out", ignore_errors=True)
    Path("out").mkdir()


def by_command(golden: Golden) -> None:
    """The command line, file by file: kinds of files, options, masks, formats, streams, and what it refuses."""
    names = [path.name for path in sorted(FILES.iterdir())]
    pictures = [name for name in names if not name.startswith(BESIDE)]
    for name in pictures:  # each alone; GIF cannot be written
        fresh_out()
        target = f"out/{name.replace('.gif', '.png')}"
        run(golden, f"command/restore {name}", "restore", FILES / name, "-o", target, *FAST)
    many = [FILES / name for name in pictures]
    for verb, options in {
        "denoise": ["--sigma", "20"], "dejpeg": [], "upscale": ["--scale", "2"], "deblur": ["--kernel", "disk:1.5"],
        "inpaint": ["--mask", FILES / "mask.png"],
    }.items():  # fmt: skip
        fresh_out()
        run(golden, f"command/{verb} many", verb, *many, "-o", "out", "--json", *options, *FAST)
    for name, command in COMMANDS.items():
        fresh_out()
        verb, *rest = command.split()
        run(golden, f"command/{name}", verb, *(() if verb == "inspect" else FAST), *rest)
    fresh_out()
    for name in ("rgb.png", "plain.jpg", "scratched.png"):  # results beside their pictures
        shutil.copy(FILES / name, "out")
    run(golden, "command/beside", "denoise", "out/rgb.png", "out/plain.jpg", *FAST)
    run(golden, "command/beside, again", "denoise", "out/rgb.png", *FAST)
    run(golden, "command/beside, overwriting", "dejpeg", "out/rgb.png", "--suffix", "-denoised", "--overwrite", *FAST)
    run(golden, "command/scratches", "inpaint", "out/scratched.png", "--find-scratches", "--yes", *FAST)
    run(golden, "command/inspect", "inspect", *(FILES / name for name in names), "--json")
    for name in ("rgba16.png", "plain.jpg", "float.tif", "plain.webp"):
        fresh_out()
        run(golden, f"command/stdin {name}", "restore", "-", *FAST, stdin=FILES / name)
    run(golden, "command/stdin to a file", "upscale", "-", "-o", "out/x.png", "--json", *FAST, stdin=FILES / "gray.jpg")
    run(golden, "command/a file to stdout", "denoise", FILES / "rgb.png", "-o", "-", *FAST)


def by_folder(golden: Golden) -> None:
    """A folder with its ledger: the first run, a rerun, and a rerun after each possible change of the folder."""
    make_scans(Path("scans"))
    shutil.rmtree("out", ignore_errors=True)
    command = ("restore", "scans", "-o", "out", "--recursive", "--json", *FAST)
    run(golden, "folder/dry run", *command, "--dry-run")
    run(golden, "folder/first", *command)
    run(golden, "folder/again", *command)
    Path("out/a.png").unlink()
    Path("out/c.tif").write_bytes(b"changed by somebody")
    shutil.copy("files/plain.jpg", "scans/b.jpg")
    shutil.copy("files/rgb.png", "scans/broken.png")
    run(golden, "folder/resumed, dry run", *command, "--dry-run")
    run(golden, "folder/resumed", *command)
    run(golden, "folder/other options", *command, "--strength", "0.5")
    shutil.rmtree("out")
    masked = ("inpaint", "scans/a.png", "scans/below", "--mask", "masks", "-o", "out", "--json")
    run(golden, "folder/masks", "inpaint", "scans", "--mask", "masks", "-o", "out", "--recursive", "--json", *FAST)
    run(golden, "folder/files and folders", *masked, *FAST)
    run(golden, "folder/named", "denoise", "scans", "-o", "out", "--suffix", "-new", "--format", "tif", "--json", *FAST)
    run(golden, "folder/inspect", "inspect", "scans", "-r", "--json")


def by_stream(golden: Golden) -> None:
    """A picture of more than 4 megapixels, and small pictures that are streamed because of the memory limit."""
    make_large()
    for name, command in {
        "large": "restore large.jpg -o out/large.jpg --max-memory 600M --json",
        "little memory": "denoise deep.png -o out/a.png --max-memory 275M --json",
        "pages, little memory": "dejpeg long.tif -o out/a.tif --max-memory 275M --strength 0.8 --json",
        "whole, too little memory": "denoise files/rgb.png -o out/a.png --detail 0.5 --max-memory 10K --json",
    }.items():
        fresh_out()
        run(golden, f"stream/{name}", *command.split(), *FAST)


def by_evaluation(golden: Golden) -> None:
    """The figures of a protocol whose pictures come with rednet, without the seconds at the end of each row."""
    fresh_out()
    command = ("evaluate", "--protocol", "smoke", "--model", "fast", "--told", "level", "--out", "out")
    subprocess.run([sys.executable, "-m", "rednet", *command], capture_output=True, env=environment(), check=True)
    for row in Path("out/results.csv").read_text("utf-8").splitlines():
        values = row.split(",")
        golden.add(f"evaluation/{' '.join(values[:3])}", {"values": values[3:-1]})


@contextmanager
def running_service() -> Iterator[str]:
    """Start the service, yield its address, and end it."""
    command = [sys.executable, "-m", "rednet", "serve", "--no-page", "--port", "0", *FAST]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment()
    ) as server:
        try:
            assert server.stdout is not None
            yield server.stdout.readline().split()[0]
        finally:
            server.terminate()


def by_service(golden: Golden) -> None:
    """The service: each task by form and by body, files in a form, and a job."""
    with running_service() as url, httpx.Client(base_url=url, timeout=120) as http:

        def note(name: str, answer: httpx.Response) -> None:
            kind = answer.headers["content-type"]
            said = {"found": answer.headers.get("rednet-found", ""), "problem": ""}
            result: dict[str, Any] = {"status": answer.status_code, "type": kind}
            if kind.startswith("image/"):
                result["picture"] = hash_picture(answer.content)
            else:
                said["problem"] = answer.text
            golden.add(f"service/{name}", result)
            golden.add(f"service/{name}", said, "words")

        for name, fields in REQUESTS:
            content = (FILES / name).read_bytes()
            form = http.post("/v1/restore", files={"picture": (name, content)}, data=fields)
            note(f"form/{name} {told(fields)}", form)
            body = http.post("/v1/restore", content=content, params=fields)
            note(f"body/{name} {told(fields)}", body)
        for name, part, fields in (
            ("rgb.png", "mask", {"task": "inpaint"}), ("rgb.png", "mask", {"task": "inpaint", "restore_known": "true"}),
            ("gray16.tif", "kernel_file", {"task": "deblur"}),
        ):  # fmt: skip
            second = "kernel.png" if part == "kernel_file" else "mask.png"
            files = {"picture": (name, (FILES / name).read_bytes()), part: (second, (FILES / second).read_bytes())}
            note(f"form/{name}, {part} {told(fields)}", http.post("/v1/restore", files=files, data=fields))
        content = (FILES / "plain.jpg").read_bytes()
        job = http.post("/v1/restore", content=content, params={"wait": "false"})
        golden.add("service/job, begun", {"status": job.status_code})
        for _ in range(600):
            if http.get(job.headers["location"]).json()["state"] == "done":
                break
            time.sleep(0.1)
        note("job, done", http.get(job.headers["location"] + "/picture"))


ROADS = {
    "python": by_python,
    "restorer": by_restorer,
    "command": by_command,
    "folder": by_folder,
    "stream": by_stream,
    "service": by_service,
    "evaluation": by_evaluation,
}
