"""The service keeps what its OpenAPI promises; `benchmarks/contract.py` tries it 2,000 times."""

import runpy
from pathlib import Path

import pytest

from tests.web.conftest import running_server

pytest.importorskip("schemathesis")


def test_requests_that_are_made_up_get_the_answers_that_are_described(model, monkeypatch):
    benchmarks = Path(__file__).parents[2] / "benchmarks"
    monkeypatch.syspath_prepend(str(benchmarks))
    contract = runpy.run_path(str(benchmarks / "contract.py"))
    with running_server("--no-page", "--model", model) as (_, url):
        figures = contract["try_contract"](150, url)
    assert not figures["broken"] and figures["cases"] >= 150
    assert not [answer for answer in figures["answers"] if answer.split()[-1].startswith("5")]
