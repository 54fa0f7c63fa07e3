"""Amounts of memory, as users write them."""

import pytest

from rednet.errors import OptionError
from rednet.values import parse_bytes


@pytest.mark.parametrize(
    ("text", "expected"), [("1G", 2**30), ("800m", 800 * 2**20), ("1.5 GiB", 3 * 2**29), ("123", 123), ("2kB", 2048)]
)
def test_an_amount_of_memory_is_read(text, expected):
    assert parse_bytes(text) == expected


@pytest.mark.parametrize("text", ["", "G", "-1G", "1X", "1,5G", "inf"])
def test_what_is_no_amount_is_refused(text):
    for name in ("max_memory", "max_bytes"):
        with pytest.raises(OptionError, match=f"{name} is") as caught:
            parse_bytes(text, name)
        assert caught.value.option == name
