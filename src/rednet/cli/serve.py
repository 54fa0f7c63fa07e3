"""`rednet serve`: a local page for people, and a service for programs."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from rednet.cli.flags import DEVICE, ENGINE, THREADS
from rednet.web.limits import Limits

__all__ = ["serve"]

MAX_BYTES, MAX_KEPT = f"{Limits.max_bytes >> 20}M", f"{Limits.kept_bytes >> 30}G"
NEEDED = ("fastapi", "uvicorn", "multipart", "prometheus_client")


def serve(
    host: Annotated[
        str, typer.Option(help="Address to listen on; any but this machine's own requires a token.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 chooses a free one.")] = 8000,
    token: Annotated[
        str | None, typer.Option(envvar="REDNET_TOKEN", help="Token that requests must have.", show_envvar=True)
    ] = None,
    no_page: Annotated[bool, typer.Option("--no-page", help="Start only the service.")] = False,
    open_browser: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
    max_megapixels: Annotated[float, typer.Option(help="Refuse larger pictures.")] = Limits.max_megapixels,
    max_bytes: Annotated[
        str, typer.Option(metavar="SIZE", help="Refuse requests of more bytes, as in 100M.")
    ] = MAX_BYTES,
    max_seconds: Annotated[float, typer.Option(help="Stop a job that runs longer.")] = Limits.max_seconds,
    max_waiting: Annotated[
        int, typer.Option(help="Number of jobs that may wait; a further one is refused.")
    ] = Limits.waiting,
    max_kept: Annotated[
        str, typer.Option(metavar="SIZE", help="Disk space for finished jobs, as in 8G; the oldest are deleted first.")
    ] = MAX_KEPT,
    model: Annotated[
        str | None, typer.Option(help="The one network for all tasks; if left out, that of each task.")
    ] = None,
    engine: ENGINE = "ncnn",
    device: DEVICE = "cpu",
    threads: THREADS = None,
) -> None:
    """Open a page to restore pictures on, and an HTTP service, on this machine."""
    import logging
    import signal
    import webbrowser
    from importlib.util import find_spec
    from pathlib import Path

    from rednet.errors import OptionError
    from rednet.packages import install_command

    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise OptionError(f"serving needs the package {missing[0]}: {install_command('web')}")

    from rednet.restoring.restorer import Restorer
    from rednet.restoring.tasks import TASKS
    from rednet.values import parse_bytes
    from rednet.web.app import Settings, check_address
    from rednet.web.app import serve as run

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a kill, too, ends tidily
    logging.basicConfig(format="rednet: %(message)s", level=logging.WARNING)
    check_address(host, token)
    limits = Limits(
        max_bytes=parse_bytes(max_bytes, "max_bytes"),
        max_megapixels=max_megapixels,
        max_seconds=max_seconds,
        waiting=max_waiting,
        kept_bytes=parse_bytes(max_kept, "max_kept"),
    )
    settings = Settings(host, port, token or None, not no_page, limits)
    names = [model] if model else sorted({task.model for task in TASKS.values()})
    restorers = {
        Path(name).name: Restorer.from_pretrained(name, engine=engine, threads=threads, device=device) for name in names
    }

    def ready(url: str) -> None:
        print(f"{url} ({'the service' if no_page else 'the page, and the service'}; Ctrl-C ends it)", flush=True)
        if open_browser:
            webbrowser.open(url)

    run(settings, restorers, ready)
    print("rednet: stopped", file=sys.stderr)
