"""Certificates are checked unless an address says plainly that there are none."""

import pytest

from tg_assets.encrypted import shows_certificate


@pytest.mark.parametrize(
    ("url", "shows"),
    [
        ("https://a.example", True), ("HTTPS://a.example", True), (" Https://a.example", True), ("a.example", True),
        ("http://127.0.0.1:1", False), ("HTTP://127.0.0.1:1", False),
    ],
)  # fmt: skip
def test_only_plain_http_shows_none(url: str, shows: bool) -> None:
    assert shows_certificate(url) is shows
