"""The OpenAI wire: GPT, and whatever speaks the same (vLLM, Ollama, Qwen's service).

One call of ``ask`` is one request, or two the first time an endpoint turns out to know no JSON schemas.
What does not belong here: retries (the client's own are off) and anything a stage would know.
"""

import base64
from typing import Any

from pydantic import SecretStr

from tg_assets.remote.chat import Picture, Reply, Schema, failure
from tg_assets.remote.config import RemoteModel
from tg_assets.remote.errors import CallFailed, Filtered, Trouble
from tg_assets.remote.schemas import Schemas

DEFAULT_URL = "https://api.openai.com/v1"
# Azure says the first, OpenAI the others; all with status 400.
_FILTER_CODES = {"content_filter", "content_policy_violation", "image_content_policy_violation"}
_MISSHAPEN = (ValueError, TypeError, KeyError, IndexError, AttributeError)


class OpenAIWire:
    """A ``Chat`` over one OpenAI-compatible endpoint. Safe to call from several threads."""

    def __init__(self, model: RemoteModel, key: SecretStr | None) -> None:
        from openai import DefaultHttpxClient, OpenAI

        self._model = model
        self._schemas = Schemas()
        self._client = OpenAI(
            api_key=key.get_secret_value() if key else "none",
            base_url=model.url or DEFAULT_URL,
            timeout=model.timeout_seconds,
            max_retries=0,
            # A redirect would carry people's pictures to an address that nobody chose.
            http_client=DefaultHttpxClient(follow_redirects=False),
        )
        # Else OPENAI_ORG_ID and OPENAI_PROJECT_ID of this process would go out with every tenant's key.
        self._client.organization = self._client.project = None

    def ask(self, system: str, text: str, picture: Picture | None = None, schema: Schema | None = None) -> Reply:
        """Ask once; see ``Chat``. Raises CallFailed and Filtered."""
        messages = [{"role": "system", "content": system}, {"role": "user", "content": _content(text, picture)}]
        wanted = None
        if schema is not None:
            form = {"name": schema.get("title", "answer"), "strict": True, "schema": dict(schema)}
            wanted = {"type": "json_schema", "json_schema": form}
        return self._schemas.ask(lambda extra: self._send(messages, extra), wanted)

    def close(self) -> None:
        """Close connections."""
        self._client.close()

    def _send(self, messages: Any, extra: dict[str, Any]) -> Reply:
        import httpx2
        from openai import APIConnectionError, APIStatusError, OpenAIError

        # OpenAI's newer models refuse `max_tokens` and any temperature; compatible servers may know nothing else.
        limit = self._model.max_reply_tokens
        bounds: dict[str, Any] = (
            {"max_tokens": limit, "temperature": 0} if self._model.url else {"max_completion_tokens": limit}
        )
        try:
            reply = self._client.chat.completions.create(model=self._model.model, messages=messages, **bounds, **extra)
            return self._read(reply)
        except Filtered:
            raise
        except APIStatusError as error:
            if error.code in _FILTER_CODES:
                raise Filtered("the provider's filter refused the request") from None
            raise failure(error.status_code, error.response.headers, error.code) from None
        except APIConnectionError as error:
            unsent = isinstance(error.__cause__, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.PoolTimeout)
            name = type(error.__cause__ or error).__name__
            raise CallFailed(Trouble.down if unsent else Trouble.lost, name) from None
        except (OpenAIError, *_MISSHAPEN) as error:
            raise CallFailed(Trouble.lost, f"no reply in what came back ({type(error).__name__})") from None

    def _read(self, reply: Any) -> Reply:
        choice = reply.choices[0]
        tokens = int(reply.usage.total_tokens) if reply.usage else 0
        if choice.finish_reason == "content_filter" or getattr(choice.message, "refusal", None):
            raise Filtered("the provider's filter or the model itself declined to answer", tokens)
        content = choice.message.content or ""
        if not isinstance(content, str):
            raise TypeError("content")
        return Reply(content, tokens, str(reply.model), truncated=choice.finish_reason == "length")


def _content(text: str, picture: Picture | None) -> Any:
    if picture is None:
        return text
    url = f"data:{picture.mime};base64,{base64.b64encode(picture.data).decode()}"
    return [{"type": "text", "text": text}, {"type": "image_url", "image_url": {"url": url, "detail": "high"}}]
