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
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
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
        """Return the pictures in the server's folder."""
        return [path for path in (self.folder / "tmp").rglob("*") if path.is_file() and path.stat().st_size]

    def job(self, content: bytes, **options: str) -> str:
        """Send a picture as a job, wait until the job has ended, and return its id."""
        answer = self.client.post("/v1/restore", params={"wait": "false", **options}, content=content)
        place = answer.headers["location"]
        while self.client.get(place).json()["state"] in ("waiting", "running"):
            time.sleep(0.05)
        return place.rsplit("/", 1)[1]


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


def refused(*answers: httpx.Response, status: tuple[int, ...] = (400, 401, 403, 404, 405, 413, 421, 422)) -> Answer:
    """Summarise the answers to requests; the server held if it refused all in plain words."""
    found = sorted({f"{answer.status_code}" for answer in answers})
    return " ".join(found), all(answer.status_code in status for answer in answers)


def paths(target: Target, *names: object) -> Answer:
    """Name files of the server wherever a request may name something."""
    answers, picture = [], files.png(files.noise(9, 9))
    for name in names:
        told = {"picture_of": name, "mask_of": name}
        answers += [target.client.post("/v1/restore", params={key: value}) for key, value in told.items()]
        answers += [
            target.client.post("/v1/restore", params={"task": "deblur", "kernel": name}, content=picture),
            target.client.get("/v1/kernel.png", params={"kernel": name}),
            target.client.get("/v1/archive", params={"job": name}),
        ]
        for start in ("/page/", "/page/..%2f..%2f..%2f..%2f..", "/v1/examples/", "/v1/jobs/", "/v1/iiif/"):
            answers.append(raw_get(target, f"{start}{name}"))
            answers.append(raw_get(target, f"{start}{str(name).replace('/', '%2f')}"))
    return refused(*answers)


def raw_get(target: Target, path: str) -> httpx.Response:
    """Ask for a path as it is written; a client would tidy its dots."""
    request = target.client.build_request("GET", "/")
    request.url = request.url.copy_with(raw_path=path.encode())
    return target.client.send(request)


def read_secret(target: Target) -> Answer:
    """Read files from the server's disk, by their paths and by paths with `..`, through every route."""
    up = "../" * 12
    return paths(
        target, target.folder / "secret.png", f"{up}etc/passwd", "/etc/passwd", "..%5c..%5capp.py", "../app.py"
    )


def hang(target: Target) -> Answer:
    """Name endless files wherever a request may name something."""
    return paths(target, "/dev/zero", target.folder / "pipe.png", "/dev/stdin", "/proc/self/mem")


def guess_jobs(target: Target) -> Answer:
    """Guess 1,000 ids of jobs while there is one."""
    job = target.job(files.png(files.noise(60, 40)))
    guesses = [secrets.token_urlsafe(16) for _ in range(900)] + [job[:-1], f"{job}a", job[1:], job.swapcase()] * 25
    answers = [target.client.get(f"/v1/jobs/{guess}") for guess in guesses]
    return refused(*answers, status=(404,))


def masks(target: Target, *contents: bytes) -> Answer:
    """Send files as masks, and let them be filled."""
    answers = []
    for content in contents:
        parts = {"picture": ("a.png", files.png(files.noise(60, 40))), "mask": ("m.png", content)}
        answers.append(target.client.post("/v1/restore", data={"task": "inpaint"}, files=parts))
    return refused(*answers, status=(422,))


def huge_looks(target: Target) -> Answer:
    """Ask for looks of 10^9 px, for broken ones, and 40 times for the largest that there is."""
    job = target.job(files.png(files.noise(3000, 2500)), task="denoise")
    base = f"/v1/iiif/{job}-before"
    parts = ("full/999999999,999999999", "full/^99999,", "0,0,999999999,999999999/999999999,", "9999999,0,1,1/max",
             "pct:0,0,1e9,1e9/max", "full/!0,0", "full/0,", "-1,-1,5,5/max", f"full/{'9' * 5000},")  # fmt: skip
    text, held = refused(*(target.client.get(f"{base}/{part}/0/default.png") for part in parts), status=(400,))
    largest = [target.client.get(f"{base}/full/max/0/default.png") for _ in range(40)]
    return f"{text}, then 40 x 200", held and {answer.status_code for answer in largest} == {200}


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


def many_fields(target: Target) -> Answer:
    """Send forms of 10,000 fields, of one field of 20 MB, of 1,000 files and without an end, and queries of 60 kB."""
    post, picture = target.client.post, ("picture", ("a.png", b"x"))
    forms = (
        {"data": {f"f{n}": "1" for n in range(10_000)}, "files": [picture]},
        {"data": {"task": "x" * 20_000_000}, "files": [picture]},
        {"files": [picture] * 1000},
        {"content": b"--x\r\n" * 100_000, "headers": {"content-type": "multipart/form-data; boundary=x"}},
        {"content": b"x", "headers": {"content-type": "multipart/form-data"}},
    )
    answers = [post("/v1/restore", **form) for form in forms]
    answers += [target.client.get("/v1/archive", params={"job": [str(n) for n in range(1000)]})]
    answers += [target.client.get(f"/v1/jobs?{'job=a&' * 10_000}&job={'b' * 200}")]
    return refused(*answers, status=(400, 422, 413))


def many_uploads(target: Target) -> Answer:
    """Send 12 x 90 MB that are no pictures, and once 101 MB."""
    post = target.client.post
    answers = [post("/v1/restore", content=number.to_bytes(1, "big") * (90 << 20)) for number in range(12)]
    kept = sum(path.stat().st_size for path in target.left())
    too_long = post("/v1/restore", content=bytes(101 << 20))
    text, held = refused(*answers, too_long)
    return f"{text}, {kept / 1e6:.0f} MB kept", held and kept < 10 << 20 and too_long.status_code == 413


def broken_uploads(target: Target) -> Answer:
    """Stop 20 uploads half-way, forms and bare pictures."""
    before, lines = len(target.left()), target.log().count("\n")
    for number in range(20):
        kind = "multipart/form-data; boundary=x" if number % 2 else "image/png"
        with target.connect() as connection:
            head = "POST /v1/restore HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9000000\r\n"
            head += f"Content-Type: {kind}\r\n\r\n--x\r\n"
            part = 'Content-Disposition: form-data; name="picture"; filename="a.png"\r\n\r\n'
            connection.sendall((head + part).encode() + bytes(2_000_000))
    until = time.monotonic() + 20  # a busy machine takes its time
    while time.monotonic() < until and target.log().count("\n") - lines < 20:
        time.sleep(0.1)
    time.sleep(1)
    more, logged = len(target.left()) - before, target.log().count("\n") - lines
    return f"{more} files left, {logged} lines logged", more == 0 and logged == 20 and "Traceback" not in target.log()


def many_listeners(target: Target) -> Answer:
    """Listen to a running job 200 times at once, and never read."""
    options = {"task": "denoise", "self_ensemble": "true", "wait": "false"}
    content = files.png(files.noise(3000, 2000))
    place = target.client.post("/v1/restore", params=options, content=content).headers["location"]
    held = [target.connect() for _ in range(200)]
    for connection in held:
        connection.sendall(f"GET {place}/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
    time.sleep(1)
    alive, answers = target.alive(), [connection.recv(12).split()[-1].decode() for connection in held]
    for connection in held:
        connection.close()
    time.sleep(1)
    open_again = target.client.get(place).status_code
    target.client.delete(place)
    listening = answers.count("200")
    return f"{listening} x 200, {answers.count('503')} x 503", alive and listening <= 64 and open_again == 200


def full_disk(target: Target) -> Answer:
    """Make 12 jobs of about 50 MB each where 200 MB may be kept."""
    most, content = 0, files.png(files.noise(2000, 1500))
    jobs = []
    for _ in range(12):
        jobs.append(target.job(content, task="denoise", strength="0.5"))
        target.client.get(f"/v1/iiif/{jobs[-1]}-after/full/512,/0/default.jpg")
        most = max(most, sum(path.stat().st_size for path in target.left()))
    there = [target.client.get(f"/v1/jobs/{job}").status_code for job in jobs]
    answer = f"at most {most / 1e6:.0f} MB on the disk, {there.count(200)} jobs kept, the newest among them"
    return answer, most < 400e6 and there[-1] == 200


def many_results(target: Target) -> Answer:
    """Ask 12 times at once for a finished picture of 3 megapixels, with another strength each."""
    job = target.job(files.png(files.noise(2000, 1500)), task="denoise")
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda n: target.client.get(f"/v1/jobs/{job}/picture?strength={n / 12}"), range(12)))
    alive, left = target.alive(), [path for path in target.left() if path.name.startswith("result")]
    return f"{len(answers)} x 200, {len(left)} files left", alive and not left and {a.status_code for a in answers} == {
        200
    }


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
    tries = [(m, p) for m in ("HEAD", "PUT", "BREW") for p in ("/healthz", "/v1/restore", "/v1/jobs", "/v1/archive")]
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
    found = [
        path for path in ("/", "/v1/iiif/a-before") if "evil.example" in target.client.get(path, headers=headers).text
    ]
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
    (1, read_secret), (1, guess_jobs), (2, hang),
    (3, lambda target: masks(target, *files.LAYERS)), (3, lambda target: masks(target, *[files.flat(12_000)] * 3)),
    (4, many_fields), (4, many_uploads), (4, broken_uploads), (4, many_results), (4, huge_looks), (4, many_listeners),
    (7, strange_pictures), (7, bomb), (8, keep_alive), (9, broken_hosts), (9, wrong_methods),
    (10, slow_headers), (10, slow_bodies), (10, reflected), (9, waiting_at_the_end),
)  # fmt: skip
ALONE = ((6, scratches),)  # it may keep its server busy for long
SMALL = ((5, full_disk),)
WITH_TOKEN = ((4, many_logins), (10, guesses), (10, cookie))
NAMES = {3: "Send an EPS, FITS, an SVG and a cut PNG as masks.", 4: "Send 3 masks of 12000x12000 px."}


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
    small = ("--max-kept", "200M", "--model", "fast")
    for attacks, token, more in ((OPEN, None, ()), (ALONE, None, ()), (SMALL, None, small), (WITH_TOKEN, TOKEN, ())):
        chosen = [(place, *entry) for place, entry in enumerate(attacks) if only in (None, entry[0])]
        if chosen:
            with server(*more, token=token) as target:
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
