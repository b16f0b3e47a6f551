"""What ``doctor`` says of models: which there are, whether their files are the measured ones, and what they lack."""

import os
from typing import TYPE_CHECKING

from tg_assets.cli import runtime
from tg_assets.errors import TgAssetsError

if TYPE_CHECKING:
    from tg_assets.embedder import Embedder


def ocr() -> str:
    from tg_assets.vision.ocr import ocr_status

    status = ocr_status()
    if not status.available:
        raise TgAssetsError(f"Text in pictures is not read. {status.how_to}")
    return f"{status.engine}: {', '.join(status.languages)}"


def pictures() -> str:
    from tg_assets.vision.clip import Clip
    from tg_assets.vision.detector import MODEL
    from tg_assets.vision.local import LocalVision
    from tg_assets.vision.objects import CLASSIFIER, GRAPH, GRAPH_TEXT, LABELS

    files = (MODEL, CLASSIFIER, LABELS, GRAPH, GRAPH_TEXT)
    if others := sorted({f"{one.package}/{one.name}" for one in files if one.is_another}):
        raise TgAssetsError(
            f"{', '.join(others)}: not the model that results were measured with, so it is not used. Reinstall the "
            "package at the version of requirements/."
        )
    there = sum(one.path() is not None for one in files)
    folder = runtime.settings().clip
    own = f"; {Clip(folder).tag} of TG_CLIP" if folder else ""
    return f"{LocalVision().version}; {there} of {len(files)} model files, each of the expected SHA-256{own}"


def voices() -> str:
    from resources.speech import SpeechResource

    choice = SpeechResource().choose(runtime.settings())
    return choice.provider.version if choice.provider else f"not heard: {choice.why_not}"


def tags() -> str:
    from resources.embedder import EmbedderResource
    from resources.tagger import TaggerResource

    return TaggerResource().local(EmbedderResource().get(), runtime.settings()).version


def elsewhere() -> str:
    """Remote models by tenant; a key that is not there is found here and not by a run."""
    from resources.vision import policy_of
    from tg_assets.remote.config import load_models

    path = runtime.settings().models
    models = load_models(path)
    if path is None:
        return "none; TG_MODELS names a file that chooses some"
    told = []
    for slug in ["default", *sorted(models.tenants)]:
        chosen = models.for_tenant(slug)
        policy_of(slug, chosen.policy)
        for purpose in ("vision", "tags", "albums"):
            if (model := getattr(chosen, purpose)) is None:
                continue
            if model.key_env and not os.environ.get(model.key_env):
                raise TgAssetsError(f"{slug}: {model.name} for {purpose} needs the variable {model.key_env}.")
            told.append(f"{slug}: {purpose} by {model.name}")
    return "; ".join(told) or "none: the file chooses no model"


def embedder() -> str:
    model = _embedder()
    return f"{model.model_id}, {model.dimension} numbers"


def index() -> str:
    """The vector index, and whether it is of the model that is chosen."""
    from tg_assets import ids

    with runtime.qdrant().tenant(ids.tenant_id("doctor")) as found:
        collection = found.collection()
    if collection is None:
        return "answers; no collection yet: made by the first run"
    if not collection.is_new(_embedder()):
        raise TgAssetsError(
            f"{collection.name} answers, but it is of another model than {_embedder().model_id} (TG_EMBEDDER) or of "
            "another release's format. `tg-assets rebuild qdrant` builds a new one beside it."
        )
    return f"answers; {collection.name} is of {_embedder().model_id}"


def _embedder() -> "Embedder":
    from resources.embedder import EmbedderResource

    return EmbedderResource(provider=runtime.settings().embedder).get()
