"""How many tokens a question will take, before it is asked: for reservations and for dry runs.

What does not belong here: what it really took, which the provider says.
"""

from math import ceil

from tg_assets.remote.chat import Picture
from tg_assets.remote.config import RemoteModel


def tiles(width: int, height: int) -> int:
    """Tokens of a picture in tiles: GPT-4o with ``detail: high``, 765 for a square of 1024 pixels.

    Fitted into 2048 by 2048, then to 768 on the shorter side; 170 for each tile of 512 pixels and 85 once:
    platform.openai.com/docs/guides/vision, "Calculating costs". Pictures are not enlarged.
    """
    scale = min(1.0, 2048 / max(width, height))
    scale *= min(1.0, 768 / (min(width, height) * scale))
    return 85 + 170 * ceil(round(width * scale) / 512) * ceil(round(height * scale) / 512)


def patches(width: int, height: int) -> int:
    """Tokens of a picture in patches of 28 pixels, as Qwen's vision models count: 1369 for a square of 1024."""
    return ceil(width / 28) * ceil(height / 28)


def picture_tokens(model: RemoteModel, width: int, height: int) -> int:
    """Tokens of a picture: what the configuration says, else the more expensive of the two ways of counting.

    Models exist that count otherwise (gpt-4o-mini: 25,501 for a square of 1024): ``tokens_per_picture`` is for them.
    """
    return model.tokens_per_picture or max(tiles(width, height), patches(width, height))


def text_tokens(*texts: str) -> int:
    """At most so many tokens, roughly: two bytes each. A Russian or an English word takes fewer."""
    return sum(len(text.encode("utf-8", "replace")) for text in texts) // 2 + 16


def question_tokens(model: RemoteModel, system: str, text: str, picture: Picture | None) -> int:
    """What to reserve for a question and the longest reply that is allowed."""
    shown = picture_tokens(model, picture.width, picture.height) if picture else 0
    return text_tokens(system, text) + shown + model.max_reply_tokens
