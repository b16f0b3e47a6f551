"""The models file that the documentation shows is one that works."""

import re
from pathlib import Path

from tests.support.data import ROOT
from tg_assets.remote.config import load_models
from tg_assets.vision.policy import Policy


def test_the_documented_file_loads(tmp_path: Path) -> None:
    """Every key of it is known, and what it says of policy as well."""
    (shown,) = re.findall(r"```toml\n(.*?)```", (ROOT / "docs" / "models.md").read_text(), re.DOTALL)
    path = tmp_path / "models.toml"
    path.write_text(shown)
    models = load_models(path)
    acme, lab = models.for_tenant("acme"), models.for_tenant("lab")
    assert acme.vision is not None
    assert (acme.vision.model, acme.tags) == ("gpt-4o-mini", None)
    assert lab.tags is not None
    assert (lab.tags.kind, lab.tags.currency) == ("gigachat", "RUB")
    assert Policy.model_validate(acme.policy) == Policy(per_post=4, never=("memes",))
    assert models.for_tenant("somebody").vision is None
