"""Files restored into the same format or another, for the tests of metadata."""

import pytest

from rednet.engines.loading import load_engine
from rednet.restoring.restorer import Restorer
from rednet.restoring.tasks import Upscale
from tests.tasks import BLIND, run_task


@pytest.fixture(scope="module")
def restorer(make_model):
    return Restorer(load_engine(make_model(depth=4, width=4, channels=3)))


@pytest.fixture(params=[1, 2], ids=["same size", "enlarged"])
def restored(request, restorer, tmp_path):
    """A function that restores a file into one of the same format, or of another; it knows by how much it enlarges."""

    def run(source, suffix=None, **handling):
        target = tmp_path / f"result{suffix or source.suffix}"
        task = run_task(source, target, restorer, BLIND if run.scale == 1 else Upscale(scale=run.scale), **handling)
        run.warnings = [words for words in task.report.warnings if "the picture shows" not in words]  # not metadata
        return target

    run.scale = request.param
    return run
