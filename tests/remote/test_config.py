"""The models file: who gets which model, and sentences instead of tracebacks."""

from pathlib import Path

import pytest

from tg_assets.errors import TgAssetsError
from tg_assets.remote.config import Models, load_models

MODEL = 'kind = "openai"\nmodel = "gpt-4o-mini"\nkey_env = "OPENAI_KEY"\ndaily_tokens = 1000\n'
FILE = f"""
[default.vision]
{MODEL}
[default.policy]
pictures = "all"
chats = "public"
[tenants.acme]
vision = "local"
[tenants.acme.tags]
kind = "gigachat"
model = "GigaChat-2"
key_env = "ACME_GIGACHAT"
daily_tokens = 5
[tenants.acme.policy]
chats = "none"
"""


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "models.toml"
    path.write_text(text, "utf-8")
    return path


def test_no_file_means_everything_is_local() -> None:
    found = load_models(None).for_tenant("demo")
    assert (found.vision, found.tags, found.albums, found.policy) == (None, None, None, {})
    assert load_models(None) == Models()


def test_a_tenants_tables_stand_in_for_the_defaults(tmp_path: Path) -> None:
    models = load_models(write(tmp_path, FILE))
    usual, acme = models.for_tenant("demo"), models.for_tenant("acme")
    assert usual.vision is not None
    assert usual.vision.name == "openai/gpt-4o-mini"
    assert usual.tags is None
    assert usual.policy == {"pictures": "all", "chats": "public"}
    assert acme.vision is None
    assert acme.tags is not None
    assert acme.tags.key_env == "ACME_GIGACHAT"
    assert acme.policy == {"pictures": "all", "chats": "none"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[default.vision]\nkind = "openai"\n', "default.vision.model: Field required"),
        (
            f"[default.vision]\n{MODEL}".replace("daily_tokens = 1000", ""),
            "default.vision.daily_tokens: Field required",
        ),
        (f"[default.vision]\n{MODEL}attempts = 0", "default.vision.attempts: "),
        (f"[default.vision]\n{MODEL}api_key = 'sk-secret'", "default.vision.api_key: Extra inputs"),
        (f"[default.vision]\n{MODEL.replace('OPENAI_KEY', 'sk-secret')}", "default.vision.key_env: "),
        (f"[default.vision]\n{MODEL}url = 'https://me:sk-secret@host/v1'", "default.vision.url: must hold no user"),
        (f"[default.vision]\n{MODEL}url = 'https://host/v1?key=sk-secret'", "default.vision.url: must hold no user"),
        (f"[default.vision]\n{MODEL}url = 'file:///sk-secret'", "default.vision.url: must be an address"),
        (f"[default.vision]\n{MODEL.replace('key_env', '# key_env')}", "default.vision: key_env is missing"),
        ("[default]\nvision = 'sk-secret'", 'default.vision: must be a table, or "local"'),
        ("[default.video]\n", "default.video: Extra inputs"),
        ("[tenant.acme]\n", "tenant: Extra inputs"),
        ("[tenants.ACME]\n", "tenants.ACME: "),
        ("key = sk-secret", "is not TOML: Invalid value (at line 1"),
    ],
)
def test_a_mistake_is_a_sentence_that_names_the_key(tmp_path: Path, text: str, said: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(TgAssetsError) as caught:
        load_models(path)
    assert said in str(caught.value)
    assert str(path) in str(caught.value)
    assert "sk-secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_or_not_text(tmp_path: Path) -> None:
    with pytest.raises(TgAssetsError, match="cannot be read: No such file"):
        load_models(tmp_path / "nothing.toml")
    path = tmp_path / "binary.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(TgAssetsError, match="not TOML: it is not UTF-8"):
        load_models(path)
