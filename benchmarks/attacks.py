"""Starts a server on loopback and attacks it in every way that docs/serve.md lists, each limited in bytes and time.

    python benchmarks/attacks.py [--only 4] [--out benchmarks/results/attacks.csv]

The table has, for each attack, the server's answer and whether the server held, that is, refused and revealed nothing;
also the seconds, the largest resident memory of the server during the attack, and whether /healthz answered afterwards.
"""

from __future__ import annotations

import argparse
import csv
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import attack_files as files
import httpx
from attack_models import MODELS

TOKEN = "a token of the attacks"
LIMIT_MB = 600
ALIVE_S = 2.0
Answer = tuple[str, bool]
"""The answer, and whether the server held."""


class Target:
    """The server under attack: its process, address, private folder and log."""

    def __init__(self, process: subprocess.Popen[bytes], url: str, folder: Path, token: str | None) -> None:
        self.process, self.url, self.folder, self.token = process, url, folder, token
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        self.client = httpx.Client(base_url=url, timeout=60, headers=headers)
        self.depth = len(folder.parents) + 4  # of the page's examples
        self.host, port = url.split("/")[2].rsplit(":", 1)
        self.port = int(port)

    def connect(self) -> socket.socket:
        """Open a new connection."""
        return socket.create_connection((self.host, self.port), timeout=40)

    def peak_mb(self) -> float:
        """Return the largest resident memory since `forget_peak`, in MB of 10^6 bytes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) * 1024 / 1e6

    def forget_peak(self) -> None:
        """Begin a new measurement of the largest memory."""
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")

    def alive(self) -> bool:
        """Return whether the server answers on /healthz."""
        try:
            return httpx.get(f"{self.url}healthz", timeout=ALIVE_S).status_code == 200
        except httpx.HTTPError:
            return False

    def log(self) -> str:
        """Return the server's log."""
        return (self.folder / "log").read_text()

    def left(self) -> list[Path]:
        """Return the pictures in the server's folder, without the page's examples."""
        below = (self.folder / "tmp").rglob("*")
        return [path for path in below if path.is_file() and path.stat().st_size and len(path.parents) > self.depth]

    def send(self, content: bytes, name: str = "a.png") -> str:
        """Upload a file to the page; return its path."""
        answer = self.client.post("/gradio_api/upload", files={"files": (name, content)})
        return str(answer.json()[0])

    def step(self, name: str) -> int:
        """Return the number of one of the page's steps."""
        return next(
            step["id"] for step in self.client.get("/config").json()["dependencies"] if step["api_name"] == name
        )

    def call(self, kind: str, value: object, *, first: int = 0, route: str = "queue/join") -> httpx.Response:
        """Call the page's first step with a component of a kind, and give that component a value."""
        config = self.client.get("/config").json()
        parts = {part["id"]: part for part in config["components"]}
        step = [d for d in config["dependencies"] if kind in [parts[i]["type"] for i in d["inputs"]]][first]
        kinds = [parts[number]["type"] for number in step["inputs"]]
        data = [parts[number]["props"].get("value") for number in step["inputs"]]
        data[kinds.index(kind)] = value
        if kind == "imageeditor":
            data[0] = "inpaint"
        call = {"data": data, "fn_index": step["id"], "session_hash": "attack", "trigger_id": None}
        return self.client.post(f"/gradio_api/{route}", json=call)


@contextmanager
def server(*options: str, token: str | None = None) -> Iterator[Target]:
    """Start a server for attacks, and end it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        (folder / "tmp").mkdir()
        (folder / "secret.png").write_bytes(files.png(files.noise(40, 30)))
        os.mkfifo(folder / "pipe.png")
        told = {**os.environ, "TMPDIR": str(folder / "tmp"), **({"REDNET_TOKEN": token} if token else {})}
        command = [sys.executable, "-m", "rednet", "serve", "--port", "0", *options]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, env=told)
        assert process.stdout is not None
        try:
            yield Target(process, process.stdout.readline().split()[0].decode(), folder, token)
        finally:
            process.kill()
            process.wait()


def file_of(path: object) -> dict[str, object]:
    """Return the data with which the page describes a file."""
    return {"path": str(path), "meta": {"_type": "gradio.FileData"}}


def refused(*answers: httpx.Response, status: tuple[int, ...] = (400, 401, 403, 404, 405, 413, 421, 422)) -> Answer:
    """Summarise the answers to requests; the server held if it refused all in plain words."""
    found = sorted({f"{answer.status_code}" for answer in answers})
    return " ".join(found), all(answer.status_code in status for answer in answers)


def attack_paths(target: Target, *paths: object) -> Answer:
    """Send paths of files on the server as a picture, a kernel, a painting, and as the shown picture."""
    answers = []
    for path in paths:
        layers = {"background": None, "layers": [file_of(path)], "composite": None}
        for route in ("queue/join", "run/predict"):
            answers += [target.call("file", file_of(path), first=first, route=route) for first in (0, 1)]
            answers.append(target.call("imageeditor", layers, route=route))
        answers.append(target.client.get(f"/gradio_api/file={path}"))
    return refused(*answers)


def read_secret(target: Target) -> Answer:
    """Read a picture from the server's disk, by its path and by a path with `..`."""
    own = target.send(b"x")
    return attack_paths(target, target.folder / "secret.png", f"{own}/../../../../../../secret.png", "/etc/passwd")


def hang(target: Target) -> Answer:
    """Send the path of an endless file as a picture."""
    return attack_paths(target, "/dev/zero", target.folder / "pipe.png", "/dev/stdin", "/proc/self/mem")


def shut_routes(target: Target) -> Answer:
    """Ask for routes of Gradio that read, fetch or run."""
    posts = (
        "component_server",
        "call/open",
        "call/v2/open",
        "api/predict",
        "process_recording",
        "vibe-code/",
        "cancel",
    )
    gets = ("proxy=http://127.0.0.1:1/a", "file/etc/passwd", "file=http://127.0.0.1:1/a", "deep_link", "info", "token")
    answers = [target.client.post(f"/gradio_api/{path}", json={}) for path in posts]
    return refused(*answers, *(target.client.get(f"/gradio_api/{path}") for path in gets))


def paint(target: Target, *layers: bytes) -> Answer:
    """Send layers of a painting, and let them be filled."""
    picture = target.send(files.png(files.noise(60, 40)))
    target.call("file", file_of(picture))
    target.client.get("/gradio_api/queue/data", params={"session_hash": "attack"})
    call = {"data": [], "fn_index": target.step("lay_out_canvas"), "session_hash": "attack"}
    target.client.post("/gradio_api/run/predict", json=call)
    sent = [file_of(target.send(layer, "layer.png")) for layer in layers]
    joined = target.call("imageeditor", {"background": None, "layers": sent, "composite": None})
    said = target.client.get("/gradio_api/queue/data", params={"session_hash": "attack"}).text
    words = "not a PNG of 60x40 px" if "not a PNG of 60x40 px" in said else said[-80:]
    return f"{joined.status_code} {words}", "not a PNG of 60x40 px" in said


def many_logins(target: Target) -> Answer:
    """Send 6 x 94 MB to the login, with and without a length."""
    answers = []
    for number in range(6):
        body = (b"x" * (1 << 20) for _ in range(94)) if number % 2 else bytes(94 << 20)
        try:
            answers.append(httpx.post(f"{target.url}login", content=body, timeout=60))
        except httpx.HTTPError:  # cut off while it was still sending
            continue
    return refused(*answers, status=(413,))


def large_json(target: Target) -> Answer:
    """Send 24 MB of empty lists, and 20 lists just below the limit, to the page's calls."""
    post = target.client.post
    huge = [post(f"/gradio_api/{route}", content=b"[" + b"[]," * 8_000_000 + b"[]]") for route in files.ROUTES]
    short = [post("/gradio_api/run/predict", content=b"[" + b"[]," * 340_000 + b"[]]") for _ in range(20)]
    return refused(*huge, *short, status=(413, 422))


def deep_json(target: Target) -> Answer:
    """Send nested lists, a huge number, NaN and bytes that are not JSON."""
    bodies = (b"[" * 500_000, b'{"a":' * 100_000, b"9" * 1_000_000, b'{"data": [NaN]}', b"\xff" * 1000, b"")
    return refused(*(target.client.post("/gradio_api/run/predict", content=body) for body in bodies))


def many_uploads(target: Target) -> Answer:
    """Send 12 x 90 MB to the page, and one of 101 MB."""
    for number in range(12):
        target.send(number.to_bytes(1, "big") * (90 << 20))
    kept = sum(path.stat().st_size for path in target.left())
    too_long = target.client.post("/gradio_api/upload", content=bytes(101 << 20))
    return f"{kept / 1e6:.0f} MB kept, then {too_long.status_code}", kept <= 200 << 20 and too_long.status_code == 413


def broken_uploads(target: Target) -> Answer:
    """Stop 20 uploads half-way, to the service and to the page."""
    before, lines = len(target.left()), target.log().count("\n")
    for number in range(20):
        path = "/gradio_api/upload" if number % 2 else "/v1/restore"
        with target.connect() as connection:
            head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9000000\r\n"
            head += "Content-Type: multipart/form-data; boundary=x\r\n\r\n--x\r\n"
            part = 'Content-Disposition: form-data; name="files"; filename="a.png"\r\n\r\n'
            connection.sendall((head + part).encode() + bytes(2_000_000))
    until = time.monotonic() + 20  # a busy machine takes its time
    while time.monotonic() < until and target.log().count("\n") - lines < 20:
        time.sleep(0.1)
    time.sleep(1)
    more, logged = len(target.left()) - before, target.log().count("\n") - lines
    return f"{more} files left, {logged} lines logged", more == 0 and logged == 20 and "Traceback" not in target.log()


def many_pages(target: Target) -> Answer:
    """Pretend to be 500 open pages."""
    before, step = target.peak_mb(), target.step("choose")
    for number in range(500):
        call = {"data": ["auto"], "fn_index": step, "session_hash": f"s{number}"}
        target.client.post("/gradio_api/run/predict", json=call)
    grown = target.peak_mb() - before
    return f"{grown:.0f} MB more", grown < 50


def closed_page(target: Target) -> Answer:
    """Open a picture, close the page, and count the files that are left."""
    before = set(target.left())
    with target.client.stream("GET", "/gradio_api/heartbeat/attack"):
        target.call("file", file_of(target.send(files.png(files.noise(60, 41)))))
        target.client.get("/gradio_api/queue/data", params={"session_hash": "attack"})
        shown = set(target.left()) - before
    for _ in range(200):
        if not (left := set(target.left()) & shown):
            break
        time.sleep(0.1)
    return f"{len(shown)} files while open, {len(left)} after", bool(shown) and not left


def scratches(target: Target) -> Answer:
    """Ask for scratches in 3 megapixels, cancel, and measure how long the queue is blocked."""
    content = files.png(files.noise(2000, 1500))
    options = {"task": "inpaint", "find_scratches": "true", "wait": "false"}
    place = target.client.post("/v1/restore", params=options, content=content).headers["location"]
    while target.client.get(place).json()["state"] == "waiting":
        time.sleep(0.05)
    time.sleep(0.5)
    began = time.monotonic()
    status = target.client.delete(place).status_code
    while "rednet_running_jobs 1.0" in target.client.get("/metrics").text and time.monotonic() - began < 60:
        time.sleep(0.05)
    seconds = time.monotonic() - began
    return f"{status}, the queue is free after {seconds:.1f} s", seconds < 3


def strange_pictures(target: Target) -> Answer:
    """Send an SVG that is slow to draw, a .mat, a PDF, FITS and an EPS as pictures."""
    began = time.monotonic()
    post = target.client.post
    answers = [post("/v1/restore", content=content, headers={"content-type": "image/png"}) for content in files.STRANGE]
    text, held = refused(*answers, status=(422,))
    named = [word for word in ("svgload", "matload", "pdfload", "fitsload", "magickload")
             if any(word in answer.text for answer in answers)]  # fmt: skip
    quick = time.monotonic() - began < 2
    return f"{text}{' by ' if named else ''}{' '.join(named)}", held and quick and not named


def bomb(target: Target) -> Answer:
    """Send a small PNG of 800 megapixels, and an incomplete PNG of 49."""
    post = target.client.post
    bombs = (files.bomb(40_000, 20_000), files.bomb(7000, 7000))
    return refused(*(post("/v1/restore", content=content) for content in bombs), status=(422, 202))


def keep_alive(target: Target) -> Answer:
    """Measure how long an answer takes on an open connection."""
    times = []
    for _ in range(50):
        began = time.perf_counter()
        target.client.get("/healthz")
        times.append((time.perf_counter() - began) * 1000)
    median = sorted(times)[25]
    return f"median {median:.1f} ms", median < 20


def raw(target: Target, request: bytes) -> str:
    """Send bytes, and return the status and media type of the answer."""
    with target.connect() as connection:
        connection.sendall(request)
        answer = connection.recv(4096).decode("latin-1")
    kind = re.search(r"content-type: (\S+)", answer)
    return f"{answer.split()[1] if answer else 'closed'} {kind[1] if kind else ''}"


def broken_hosts(target: Target) -> Answer:
    """Send invalid Host headers."""
    hosts = (b"[::1", b"::1]", b"a b", b"127.0.0.1:x", b"\xe4", b"me@127.0.0.1")
    found = {
        raw(target, b"GET /healthz HTTP/1.1\r\nHost: " + host + b"\r\nConnection: close\r\n\r\n") for host in hosts
    }
    return " | ".join(sorted(found)), all(answer.startswith("400") for answer in found)


def wrong_methods(target: Target) -> Answer:
    """Use methods that the routes do not have."""
    tries = [
        (m, p) for m in ("HEAD", "PUT", "BREW") for p in ("/healthz", "/v1/restore", "/", "/gradio_api/run/predict")
    ]
    answers = [target.client.request(method, path) for method, path in tries]
    found = {f"{answer.status_code} {answer.headers['content-type']}" for answer in answers}
    return " | ".join(sorted(found)), found == {"405 application/problem+json"}


def slow_headers(target: Target) -> Answer:
    """Open 100 connections that send nothing, or only the beginning of a request."""
    held = [target.connect() for _ in range(100)]
    for number, connection in enumerate(held):
        connection.sendall(b"GET / HTTP/1.1\r\n"[: number % 16])
    alive, began = target.alive(), time.monotonic()
    cut = sum(ends(connection) for connection in held)
    return f"{cut} of 100 cut off after {time.monotonic() - began:.0f} s", alive and cut == 100


def ends(connection: socket.socket) -> bool:
    """Return whether the other side has closed a connection."""
    try:
        while connection.recv(1 << 16):
            pass
    except TimeoutError:
        return False
    except OSError:
        pass
    finally:
        connection.close()
    return True


def slow_bodies(target: Target) -> Answer:
    """Send 40 bodies byte by byte."""
    held = [target.connect() for _ in range(40)]
    for connection in held:
        connection.sendall(b"POST /v1/restore HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\nx")
    alive, began, open_ = target.alive(), time.monotonic(), list(held)
    while open_ and time.monotonic() - began < 60:
        time.sleep(1)
        for connection in list(open_):
            try:
                connection.sendall(b"x")
            except OSError:
                open_.remove(connection)
    return f"{40 - len(open_)} of 40 cut off after {time.monotonic() - began:.0f} s", alive and not open_


def guesses(target: Target) -> Answer:
    """Send 7 wrong tokens; then the right one."""
    began = time.monotonic()
    wrong = [
        httpx.get(f"{target.url}v1/models", headers={"Authorization": f"Bearer {n}"}, timeout=60) for n in range(7)
    ]
    seconds, began = time.monotonic() - began, time.monotonic()
    right = target.client.get("/v1/models").status_code
    held = {answer.status_code for answer in wrong} == {401} and right == 200 and seconds > 5
    return f"7 x 401 in {seconds:.0f} s, the right one {right} in {time.monotonic() - began:.2f} s", held


def reflected(target: Target) -> Answer:
    """Name another host in a proxy's header."""
    headers = {"X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example", "Accept": "text/html"}
    found = [path for path in ("/", "/config") if "evil.example" in target.client.get(path, headers=headers).text]
    return f"named in {found}" if found else "not named", not found


def cookie(target: Target) -> Answer:
    """Log in through TLS, and check the cookie."""
    answer = httpx.post(f"{target.url}login", data={"token": TOKEN}, headers={"X-Forwarded-Proto": "https"})
    given = answer.headers.get("set-cookie", "")
    return re.sub("=[^;]{20,}", "=...", given), all(word in given for word in ("Secure", "HttpOnly", "SameSite=strict"))


def waiting_at_the_end(target: Target) -> Answer:
    """Wait for an answer while the server is told to stop; the last attack on a server."""
    content, found = files.png(files.noise(1600, 1200)), ""
    with target.connect() as connection:
        head = f"POST /v1/restore?wait=true HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(content)}\r\n\r\n"
        connection.sendall(head.encode() + content)
        time.sleep(2)
        target.process.terminate()
        found = connection.recv(4096).decode("latin-1").split("\r\n")[0]
    ended, broken = target.process.wait(60), target.log().count("Traceback")
    answer = f"{found}, then exit code {ended}" + (f", {broken} tracebacks logged" if broken else "")
    return answer, " 503 " in found and ended == 0 and not broken


OPEN: tuple[tuple[int, Callable[[Target], Answer]], ...] = (
    (1, read_secret), (1, shut_routes), (2, hang),
    (3, lambda target: paint(target, *files.LAYERS)), (3, lambda target: paint(target, *[files.flat(12_000)] * 3)),
    (4, large_json), (4, deep_json), (4, many_uploads), (4, broken_uploads), (4, many_pages), (5, closed_page),
    (7, strange_pictures), (7, bomb), (8, keep_alive), (9, broken_hosts), (9, wrong_methods),
    (10, slow_headers), (10, slow_bodies), (10, reflected), (9, waiting_at_the_end),
)  # fmt: skip
ALONE = ((6, scratches),)  # it may keep its server busy for long
WITH_TOKEN = ((4, many_logins), (10, guesses), (10, cookie))
NAMES = {3: "Send an EPS, FITS, an SVG and a cut PNG as layers of a painting.", 4: "Send 3 layers of 12000x12000 px."}


def attack(target: Target, point: int, name: str, run: Callable[[Target], Answer]) -> dict[str, object]:
    """Run one attack, and return its row."""
    target.forget_peak()
    began = time.monotonic()
    try:
        answer, held = run(target)
    except (httpx.HTTPError, OSError, subprocess.TimeoutExpired, LookupError, ValueError) as error:
        answer, held = f"{type(error).__name__}: {error}"[:100], False
    seconds, ended = time.monotonic() - began, target.process.poll() is not None
    peak = 0.0 if ended else target.peak_mb()
    alive = "ended" if ended else "yes" if target.alive() else "NO"
    return {"point": point, "attack": name, "answer": answer, "held": "yes" if held else "NO",
            "seconds": f"{seconds:.1f}", "peak_mb": f"{peak:.0f}" if peak else "", "healthz": alive}  # fmt: skip


def rows(only: int | None) -> Iterator[dict[str, object]]:
    """Run all attacks, or those of one point."""
    for attacks, token in ((OPEN, None), (ALONE, None), (WITH_TOKEN, TOKEN)):
        chosen = [(place, *entry) for place, entry in enumerate(attacks) if only in (None, entry[0])]
        if chosen:
            with server(token=token) as target:
                for place, point, run in chosen:
                    words = NAMES.get(place, "") if attacks is OPEN else ""
                    yield attack(target, point, words or (run.__doc__ or "").split("\n")[0], run)
    if only in (None, 2, 11):
        yield from MODELS()


def main() -> None:
    """Attack, print, and write the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", type=int, help="a point of the list in docs/serve.md")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    found = []
    for row in rows(given.only):
        found.append(row)
        print(*row.values(), sep=" | ", flush=True)
    peak = max(float(row["peak_mb"] or 0) for row in found)
    print(
        f"{sum(row['held'] == 'yes' for row in found)} of {len(found)} held; largest memory {peak:.0f} MB of {LIMIT_MB}"
    )
    if given.out is not None:
        with given.out.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(found[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(found)


if __name__ == "__main__":
    main()
