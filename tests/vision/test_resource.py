"""Which provider and policy a tenant has, and what is said of a file that cannot be used."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from resources.vision import VisionResource
from tests.support import pipeline
from tg_assets.errors import TgAssetsError
from tg_assets.remote.price import Price
from tg_assets.settings import Settings

MODELS = """
[default.policy]
per_post = 3
[tenants.acme.vision]
kind = "openai"
url = "http://127.0.0.1:1/v1"
model = "see/me"
daily_tokens = 1000
price_per_1000_tokens = 2
currency = "EUR"
[tenants.acme.policy]
never = ["@memes"]
[tenants.odd.policy]
per_posts = 3
[tenants.keyless.vision]
kind = "openai"
model = "x"
key_env = "NOBODY_SET_THIS"
daily_tokens = 1
"""


@pytest.fixture
def vision(tmp_path: Path) -> Iterator[VisionResource]:
    """The resource of that file."""
    path = tmp_path / "models.toml"
    path.write_text(MODELS)
    with closing(VisionResource(models_file=str(path))) as found:
        yield found


def test_tenants_have_their_own(vision: VisionResource, servers: dict[str, str]) -> None:
    """One asks elsewhere, at a price; all others look here."""
    database = pipeline.postgres()
    acme, other = vision.for_tenant("acme", database, Settings()), vision.for_tenant("other", database, Settings())
    assert (acme.provider.name, acme.provider.model) == ("openai", "see/me")
    assert acme.tokens_per_picture > 0
    assert acme.price == Price(2, "EUR")
    assert (acme.policy.per_post, acme.policy.never) == (3, ("memes",))
    assert (other.provider.name, other.tokens_per_picture) == ("local", 0)
    assert vision.for_tenant("acme", database, Settings()) is acme


def test_what_cannot_be_used_is_named(vision: VisionResource, servers: dict[str, str]) -> None:
    """The key of the file, or the variable that is not set."""
    database = pipeline.postgres()
    with pytest.raises(TgAssetsError, match=r"policy of odd .* per_posts"):
        vision.for_tenant("odd", database, Settings())
    with pytest.raises(TgAssetsError, match="NOBODY_SET_THIS is not set"):
        vision.for_tenant("keyless", database, Settings())
