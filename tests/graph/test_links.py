"""Only what can be opened is a web page of the graph."""

from types import SimpleNamespace
from uuid import uuid4

import pytest

from tg_assets.graph.links import web_page
from tg_assets.graph.rows import link_rows


@pytest.mark.parametrize(
    ("link", "page"),
    [
        ("https://example.com/a?b#c", "https://example.com/a?b#c"), ("http://127.0.0.1:8080/", "http://127.0.0.1:8080/"),
        ("HTTPS://Example.com", "HTTPS://Example.com"), ("tg://resolve?domain=durov", "tg://resolve?domain=durov"),
        ("https://пример.рф/путь", "https://пример.рф/путь"), ("example.com/a", "http://example.com/a"),
        ("t.me/durov", "http://t.me/durov"), (" https://a.b ", "https://a.b"), ("http://[::1]/", "http://[::1]/"),
        ("javascript:alert(1)", None), ("data:text/html,x", None), ("mailto:a@b.c", None), ("tel:+123", None),
        ("file:///etc/passwd", None), ("ftp://a.b/c", None), ("https://", None), ("https:///path", None),
        ("http://:80/", None), ("http://a:port/", None), ("http://[::1", None), ("not a link", None), ("", None),
        ("https://a b.c", None), ("https://a.b/\x1b[31m", None), ("https://.", None), ("README.md#x y", None),
        ("https://a.b/" + "x" * 5000, None), (None, None), (7, None), ({"url": "https://a.b"}, None), ("1.2", None),
    ],
)  # fmt: skip
def test_a_web_page_has_a_scheme_and_a_host(link: object, page: str | None) -> None:
    assert web_page(link) == page


def test_a_post_refers_to_each_page_once() -> None:
    post = SimpleNamespace(id=uuid4(), urls=["https://a.b", "mailto:x@y.z", "https://a.b", "a.bc", None])
    assert [row["url"] for row in link_rows([post])] == ["https://a.b", "http://a.bc"]
