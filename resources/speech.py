"""Who hears voice and video notes, as a Dagster resource: Whisper on this machine where the extra is installed.

What does not belong here: providers themselves (``tg_assets.speech``); a test passes its own by subclassing
``choose``.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dagster import ConfigurableResource, InitResourceContext
from pydantic import PrivateAttr

from tg_assets.settings import Settings
from tg_assets.speech.models import missing
from tg_assets.speech.provider import SpeechProvider

if TYPE_CHECKING:
    from tg_assets.speech.local import LocalSpeech


@dataclass(frozen=True, slots=True)
class SpeechChoice:
    """A provider, or why there is none and what to do about it."""

    provider: SpeechProvider | None
    why_not: str = ""


class SpeechResource(ConfigurableResource["SpeechResource"]):
    """The provider of all tenants; its model is loaded once for as long as this resource lives.

    ``model`` is a CTranslate2 Whisper directory; empty means the one that ``TG_SPEECH_MODEL`` names, else the shipped.
    """

    model: str = ""

    _local: "LocalSpeech | None" = PrivateAttr(default=None)

    def choose(self, settings: Settings) -> SpeechChoice:
        """Who hears recordings. Raises TgAssetsError when the model is there but not usable."""
        if self._local is None:
            own = Path(self.model) if self.model else settings.speech_model
            if why := missing(own):
                return SpeechChoice(None, why)
            from tg_assets.speech.local import LocalSpeech

            self._local = LocalSpeech(settings.state_dir / "models", own)
        return SpeechChoice(self._local)

    def teardown_after_execution(self, context: InitResourceContext) -> None:
        """End the worker when a run ends."""
        self.close()

    def close(self) -> None:
        """End the worker; a later call starts another."""
        if self._local is not None:
            self._local.close()
