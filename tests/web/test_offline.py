"""Gradio fetches nothing, and a Gradio that fetches in another way is noticed."""

import asyncio
import re
from pathlib import Path

import httpx
import pytest

from rednet.errors import OptionError
from rednet.web.offline import FETCH, refuse, stay_offline
from tests.web.conftest import opening_step, running_server

gradio = pytest.importorskip("gradio")


def test_all_that_gradio_fetches_for_a_browser_goes_through_what_is_replaced_or_refused():
    root = Path(gradio.__file__).parent
    sources = {path.relative_to(root).as_posix(): path.read_text("utf-8") for path in root.rglob("*.py")}
    fetching = {name for name, source in sources.items() if re.search(r"(import|from) safehttpx", source)}
    assert fetching == {"processing_utils.py", "route_utils.py"}  # the latter at routes that the gate keeps shut
    source = sources["processing_utils.py"]
    replaced = source[source.index(f"async def {FETCH}(") :]
    assert replaced[: replaced.index("\nasync def ", 1)].count("sh.get(") == source.count("sh.get(") > 0
    assert not [name for name, source in sources.items() if re.search(r"(?<!def )\bunsafe_download\(", source)]


def test_a_gradio_that_fetches_in_another_way_is_refused(tmp_path, monkeypatch):
    from gradio import processing_utils

    monkeypatch.setattr(processing_utils, FETCH, processing_utils.async_ssrf_protected_get)
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    stay_offline(tmp_path)
    assert processing_utils.async_ssrf_protected_get is refuse
    monkeypatch.delattr(processing_utils, FETCH)
    with pytest.raises(OptionError, match="without the page"):
        stay_offline(tmp_path)


def test_an_address_in_the_place_of_a_file_is_not_fetched(model, tmp_path):
    with (
        running_server("--model", model, tmpdir=tmp_path) as (_, url),
        httpx.Client(base_url=url, timeout=60) as client,
    ):
        opening, rest = opening_step(client)
        address = {"path": "https://example.org/a.png", "meta": {"_type": "gradio.FileData"}}
        joined = {"data": [address, *rest], "fn_index": opening, "session_hash": "s", "trigger_id": None}
        answer = client.post("/gradio_api/queue/join", json=joined)
        assert answer.status_code == 422 and "not sent to this server" in answer.json()["detail"]


def test_gradio_itself_would_refuse_to_fetch_it():
    with pytest.raises(gradio.Error, match="fetches nothing"):
        asyncio.run(refuse("https://example.org/a.png"))
