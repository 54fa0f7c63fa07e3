"""A file is there whole or not at all."""

import pytest

from rednet.whole_files import sweep, whole_file


def write(path, content, **options):
    with whole_file(path, **options) as file:
        file.write(content)


def test_a_file_gets_its_name_when_all_is_written(tmp_path):
    with whole_file(tmp_path / "a.txt") as file:
        file.write(b"half")
        assert not (tmp_path / "a.txt").exists()
        sweep(tmp_path)  # as another process may do meanwhile
        file.write(b" and half")
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_bytes() == b"half and half"


def test_what_goes_wrong_leaves_the_file_that_was_there(tmp_path):
    write(tmp_path / "a.txt", b"old")
    with pytest.raises(RuntimeError), whole_file(tmp_path / "a.txt") as file:
        file.write(b"new")
        raise RuntimeError
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]


def test_a_file_that_must_not_be_replaced_is_not(tmp_path):
    write(tmp_path / "a.txt", b"old")
    with pytest.raises(FileExistsError):
        write(tmp_path / "a.txt", b"new", overwrite=False)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]
    write(tmp_path / "a.txt", b"new")
    assert (tmp_path / "a.txt").read_bytes() == b"new"


def test_a_file_is_sealed_whole_and_before_it_gets_its_name(tmp_path):
    seen = []
    write(tmp_path / "a.txt", b"all", seal=lambda part: seen.append((part.read_bytes(), (tmp_path / "a.txt").exists())))
    assert seen == [(b"all", False)]


def test_what_a_killed_run_left_is_swept_away(tmp_path):
    (tmp_path / ".rednet-dead.part.txt").write_bytes(b"half")
    sweep(tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("overwrite", [True, False])
def test_where_nothing_is_locked_no_open_file_gets_its_name(tmp_path, monkeypatch, overwrite):
    """As Windows demands it."""
    monkeypatch.setattr("rednet.whole_files.HAS_LOCKS", False)
    closed = []
    with whole_file(tmp_path / "a.txt", overwrite=overwrite, seal=lambda part: closed.append(file.closed)) as file:
        file.write(b"all")
    assert closed == [True] and (tmp_path / "a.txt").read_bytes() == b"all"
