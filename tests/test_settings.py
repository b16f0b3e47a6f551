"""Settings are read again when what they are made of has changed, and only then."""

from pathlib import Path

import pytest

from tg_assets.settings import Grain, load_settings


def test_who_asks_again_gets_what_the_environment_and_the_directory_say_now(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("TG_DATA_DIR", raising=False)
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        monkeypatch.chdir(tmp_path / name)
        assert load_settings().state_dir == tmp_path / name / ".tg-assets"
    monkeypatch.setenv("TG_DATA_DIR", str(tmp_path))
    assert load_settings().state_dir == tmp_path
    for grain in Grain:
        monkeypatch.setenv("TG_GRAIN", grain)
        assert load_settings().grain is grain
    monkeypatch.setenv("TG_DATA_DIR", "data")
    for name in ("one", "two"):
        monkeypatch.chdir(tmp_path / name)
        assert load_settings().state_dir == tmp_path / name / "data"


def test_what_is_worked_out_of_settings_is_not_of_others() -> None:
    assert load_settings().named_hosts == frozenset()
    assert load_settings().model_copy(update={"serve_hosts": "x.example"}).named_hosts == {"x.example"}
