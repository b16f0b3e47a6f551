"""Text made comparable: one Unicode form, no invisible characters, single blanks; links recognised.

Every other text module starts from ``clean``. What does not belong here: anything that knows a language
or a word's form.
"""

import re
import unicodedata

# Zero-width and bidirectional marks, soft hyphen, byte order mark: invisible, and they split words and hashes.
# Lone surrogates come from damaged exports and cannot be encoded as UTF-8; NUL is refused by Postgres.
_INVISIBLE = re.compile("[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff]")
_BLANK = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")

# Each alternative is bounded and tried once for a run of characters (the look-behinds): without, «а-а-а-…»
# of a hundred thousand characters took minutes.
_LINK = re.compile(
    r"""(?:https?|tg|ftp)://\S+ | \bwww\.\S+ | \bt\.me/\S+
      | (?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}\.[\w.-]+            # e-mail
      | (?<!\w)@\w+                                               # mention
      | (?<![\w.-])(?:[a-z0-9-]{1,63}\.){1,8}
        (?:com|org|net|ru|io|info|dev|me|ua|by|kz|рф|app|ai|su|tv|gg|co|edu|gov)\b(?:/\S*)?
    """,
    re.VERBOSE | re.IGNORECASE,
)
# What every link has; most texts have none of it, which is told ten times as fast.
_LIKE_A_LINK = re.compile(r"://|@|\S\.\S")
_WORD_CHARACTER = re.compile(r"[^\W_]")
# A word that has nothing of a link; nearly every text has one, which is told ten times as fast as that a link is none.
_PLAIN_WORD = re.compile(r"(?<!\S)(?=[^\s@./]*?[^\W_])[^\s@./]++(?!\S)")


def clean(text: str | None) -> str:
    """NFC text without invisible and control characters, each run of white space one blank, ends stripped."""
    if not text:
        return ""
    if text.isprintable():  # so it has none of those characters, and no white space but blanks; most lines are so
        visible = unicodedata.normalize("NFC", text)
        return (_BLANK.sub(" ", visible) if "  " in visible else visible).strip()
    visible = _INVISIBLE.sub("", text)
    return _BLANK.sub(" ", unicodedata.normalize("NFC", visible)).strip()


def strip_links(text: str) -> str:
    """``text`` with addresses, e-mails and @mentions replaced by a blank."""
    return _LINK.sub(" ", text) if _LIKE_A_LINK.search(text) else text


def has_words(text: str) -> bool:
    """Whether a letter or a digit is left outside links; false for empty, URL-only and emoji-only text."""
    return says(clean(text))


def says(cleaned: str) -> bool:
    """``has_words`` of a text that is ``clean``."""
    return bool(_PLAIN_WORD.search(cleaned) or _WORD_CHARACTER.search(strip_links(cleaned)))
