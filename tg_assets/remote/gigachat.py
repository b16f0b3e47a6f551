"""The GigaChat wire: a token for the key, a file for the picture, a question with the file attached.

The file is deleted at the provider whatever becomes of the question. One call of ``ask`` is one question, or two
the first time a model turns out to know no JSON schemas. Certificates of the Russian root authority: name their
file in ``GIGACHAT_CA_BUNDLE_FILE``, which the client reads. What does not belong here: retries.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from pydantic import SecretStr

from tg_assets.remote.chat import Picture, Reply, Schema, failure
from tg_assets.remote.config import RemoteModel
from tg_assets.remote.errors import CallFailed, Filtered, Trouble
from tg_assets.remote.schemas import Schemas

DEFAULT_URL = "https://api.giga.chat/v1"
DEFAULT_AUTH_URL = "https://ngw.devices.sberbank.ru:9443/api/v2/oauth"
_MISSHAPEN = (ValueError, TypeError, KeyError, IndexError, AttributeError)
T = TypeVar("T")
log = logging.getLogger(__name__)


class GigaChatWire:
    """A ``Chat`` over GigaChat. Safe to call from several threads."""

    def __init__(self, model: RemoteModel, key: SecretStr | None) -> None:
        from gigachat import GigaChat

        self._model = model
        self._schemas = Schemas()
        # Whatever is not given, the client takes from GIGACHAT_* of this process, for every tenant alike.
        self._client = GigaChat(
            base_url=model.url or DEFAULT_URL,
            auth_url=model.auth_url or DEFAULT_AUTH_URL,
            credentials=key.get_secret_value() if key else "",
            scope=model.scope,
            model=model.model,
            access_token="",
            user="",
            password="",
            timeout=model.timeout_seconds,
            verify_ssl_certs=True,
            max_retries=0,
        )

    def ask(self, system: str, text: str, picture: Picture | None = None, schema: Schema | None = None) -> Reply:
        """Ask once; see ``Chat``. Raises CallFailed and Filtered."""
        with self._uploaded(picture) as files:
            user = {"role": "user", "content": text, **({"attachments": files} if files else {})}
            messages: list[dict[str, Any]] = [{"role": "system", "content": system}, user]
            wanted = None if schema is None else {"type": "json_schema", "schema": dict(schema), "strict": True}
            return self._schemas.ask(lambda extra: self._send(messages, extra), wanted)

    def close(self) -> None:
        """Close connections."""
        self._client.close()

    @contextmanager
    def _uploaded(self, picture: Picture | None) -> Iterator[list[str]]:
        if picture is None:
            yield []
            return
        # The name says nothing about the message the picture is from.
        upload = ("picture.jpg", picture.data, picture.mime)
        file: str = _mapped(lambda: self._client.upload_file(upload).id_, working=False)
        try:
            yield [file]
        finally:
            try:
                _mapped(lambda: self._client.delete_file(file), working=False)
            except CallFailed as failed:
                log.warning("A picture stays in GigaChat's file store: deleting it failed (%s).", failed)

    def _send(self, messages: list[dict[str, Any]], extra: dict[str, Any]) -> Reply:
        question = {"messages": messages, "max_tokens": self._model.max_reply_tokens, **extra}
        return _mapped(lambda: _read(self._client.chat(question)), working=True)


def _read(reply: Any) -> Reply:
    choice = reply.choices[0]
    tokens = int(reply.usage.total_tokens)
    if choice.finish_reason == "blacklist":
        raise Filtered("the provider's filter declined to answer", tokens)
    if choice.finish_reason == "error":
        raise CallFailed(Trouble.lost, "finish_reason error")
    return Reply(choice.message.content, tokens, str(reply.model), truncated=choice.finish_reason == "length")


def _mapped(call: Callable[[], T], *, working: bool) -> T:
    """Run a request; its failures as CallFailed. ``working``: the request makes the model work, which costs."""
    import httpx
    from gigachat.exceptions import GigaChatException, ResponseError

    try:
        return call()
    except (Filtered, CallFailed):
        raise
    except ResponseError as error:
        raise failure(error.status_code, error.headers) from None
    except httpx.TransportError as error:
        unsent = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout)
        raise CallFailed(Trouble.lost if working and not unsent else Trouble.down, type(error).__name__) from None
    except (GigaChatException, *_MISSHAPEN) as error:
        trouble = Trouble.lost if working else Trouble.down
        raise CallFailed(trouble, f"no reply in what came back ({type(error).__name__})") from None
