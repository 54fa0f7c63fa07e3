import os

import pytest

from rednet.machine import LIKELY_FREE_BYTES, LIKELY_FREE_FRACTION, available_memory, cpu_threads, free_memory


@pytest.mark.parametrize(
    ("files", "count"),
    [
        ({"cpu.max": "100000 100000\n"}, 1),
        ({"cpu.max": "max 100000\n"}, 64),
        ({"cpu.max": "50000 100000"}, 1),
        ({"cpu.max": "350000 100000"}, 4),
        ({"cpu/cpu.cfs_quota_us": "200000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 2),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, 64),
        ({"cpu.max": "rubbish"}, 64),
        ({"groups": "0::/outer/inner\n", "outer/cpu.max": "200000 100000"}, 2),
        ({}, 64),
    ],
)
def test_threads_follow_the_containers_quota(files, count, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(64)), raising=False)
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).write_text(content)
    assert cpu_threads(tmp_path, tmp_path / "groups") == count


def test_the_limit_of_the_container_counts(tmp_path):
    free = available_memory(tmp_path, tmp_path / "none")
    inner = tmp_path / "outer" / "inner"
    inner.mkdir(parents=True)
    (tmp_path / "groups").write_text("0::/outer/inner\n")
    (inner / "memory.max").write_text("max\n")
    (inner / "memory.current").write_text("50\n")
    assert available_memory(tmp_path, tmp_path / "groups") == pytest.approx(free, rel=0.2)
    (inner.parent / "memory.max").write_text("1000000\n")
    (inner.parent / "memory.current").write_text("400000\n")
    assert available_memory(tmp_path, tmp_path / "groups") == 600_000
    first = tmp_path / "memory"
    first.mkdir()
    (first / "memory.limit_in_bytes").write_text("5000\n")
    (first / "memory.usage_in_bytes").write_text("6000\n")
    assert available_memory(tmp_path, tmp_path / "none") == 0


def test_where_the_system_does_not_say_what_is_free_it_is_guessed(tmp_path, monkeypatch):
    known = {"SC_AVPHYS_PAGES": 1000, "SC_PHYS_PAGES": 8000, "SC_PAGE_SIZE": 4096}

    def sysconf(name):
        if name not in known:
            raise ValueError("unrecognized configuration name")
        return known[name]

    monkeypatch.setattr(os, "sysconf", sysconf)
    assert free_memory() == 1000 * 4096
    del known["SC_AVPHYS_PAGES"]  # macOS
    assert free_memory() == 8000 * 4096 * LIKELY_FREE_FRACTION
    assert available_memory(tmp_path, tmp_path / "none") > 0
    del known["SC_PHYS_PAGES"]
    assert free_memory() == LIKELY_FREE_BYTES
    monkeypatch.delattr(os, "sysconf")  # Windows
    assert free_memory() == LIKELY_FREE_BYTES
    assert available_memory(tmp_path, tmp_path / "none") > 0
