"""Files of events: a line that is none is an error of its own, and no line takes more memory than it may."""

from pathlib import Path

import orjson
import pytest

from tg_assets.events import lines
from tg_assets.events.envelope import BadEvent

POST = {"tenant_id": "t", "tg_channel_id": 42, "telegram_message_id": 1, "posted_at": "2025-01-01T00:00:00Z"}


def line(**fields: object) -> bytes:
    return orjson.dumps({"stream": "stream:posts:parsed", "data": POST | {"text": "x"} | fields})


def test_a_line_that_is_too_long_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is never in memory whole; those around it are read."""
    monkeypatch.setattr(lines, "LONGEST_LINE", 1000)
    path = tmp_path / "events.jsonl"
    path.write_bytes(b"\n".join([line(), line(text="secret" * 1000), b"", line(), line(text="y" * 2000)]))
    found = list(lines.read_lines(path))
    assert [(number, str(one) if isinstance(one, BadEvent) else one.event.text) for number, one in found] == [
        (1, "x"), (2, "it is longer than 1,000 bytes"), (4, "x"), (5, "it is longer than 1,000 bytes")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (b'{"stream": "secret", "data": {}}', "there is no stream of this name"),
        (b'{"stream": "stream:posts:parsed", "data": {"a": ' + b"[" * 300 + b"]" * 300 + b"}}", "nested too deep"),
        (b'{"stream": "stream:posts:parsed", "data": {"text": "secret \xff"}}', "is not JSON"),
        (line(text=5 * [{"secret": 1}]), "text"),
        (line(reactions=[{"secret": 1}]), "reactions.0.count"),
        (line(telegram_message_id=(1 << 63) - 1), "no message of Telegram has this id"),
    ],
)
def test_an_unusable_line_is_a_sentence_that_quotes_nothing(written: bytes, said: str) -> None:
    with pytest.raises(BadEvent, match=said) as caught:
        lines.read_line(written)
    assert "secret" not in str(caught.value)
