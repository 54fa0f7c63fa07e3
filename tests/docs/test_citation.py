"""What hosts of repositories read: how to cite, and what to ask of those who report."""

import tomllib
from pathlib import Path

import pytest

import rednet

yaml = pytest.importorskip("yaml")
ROOT = Path(__file__).parents[2]


def test_the_citation_is_of_this_version_and_its_licence_and_names_the_paper():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert {"cff-version", "message", "title", "authors"} <= set(citation)  # what the format requires
    assert citation["version"] == rednet.__version__ and citation["license"] == project["license"]
    assert any("1606.08921" in reference["url"] for reference in citation["references"])


def test_the_forms_of_reports_have_what_hosts_require():
    forms = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))
    assert len(forms) == 3
    for form in forms:
        fields = yaml.safe_load(form.read_text("utf-8"))
        if form.name == "config.yml":
            continue
        assert {"name", "description", "body"} <= set(fields)
        ids = [part["id"] for part in fields["body"]]
        assert len(ids) == len(set(ids)) and all(part["attributes"]["label"] for part in fields["body"])
