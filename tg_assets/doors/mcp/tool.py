"""What a tool is: a name, words for a model, typed arguments and a function; and how arguments are read.

The schema that a model is given is Pydantic's without what says nothing to it: titles, and that what may be left out
may be null. Arguments that a tool does not have are refused, so that none is thought to have narrowed anything. What
does not belong here: the tools.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

from tg_assets.answers.archive import Archive
from tg_assets.errors import TgAssetsError

LONGEST, SEVERAL = 1000, 20
"""Characters of an argument, and values of one that is a list."""


def _possible(text: str) -> str:
    # Not a bound of the schema: it would be told with every argument, and no model comes near it.
    if len(text) > LONGEST:
        raise PydanticCustomError("longest", "has more than {longest} characters", {"longest": LONGEST})
    if "\0" in text or any("\ud800" <= one <= "\udfff" for one in text):
        raise PydanticCustomError("possible", "has characters that no text has")
    return text


def _list(given: Any) -> Any:
    """Some clients send a list as JSON in a text, and models one value where several may be."""
    if not isinstance(given, str):
        return given
    try:
        found = json.loads(given)
    except ValueError:
        return [given]
    return found if isinstance(found, list) else [given]


Text = Annotated[str, AfterValidator(_possible)]
Texts = Annotated[list[Text], Field(max_length=SEVERAL), BeforeValidator(_list)]
Value = Annotated[Text, BeforeValidator(lambda given: str(given) if isinstance(given, int) else given)]
Reference = Annotated[Text, Field(description="Message id, Telegram link or chat/number")]


class Arguments(BaseModel):
    """Arguments of a tool; what is no argument of it is refused."""

    model_config = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True)
class Reply:
    """What a tool answers: ``said`` is of results of the library, ``jpeg`` a picture beside it; ``pages`` gives what
    more is said where Dagster's pages have an address, of that address."""

    said: Mapping[str, Any]
    jpeg: bytes | None = None
    pages: Callable[[str], Mapping[str, Any]] | None = None


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool; ``told`` is all that a model knows of it besides its arguments."""

    name: str
    told: str
    arguments: type[Arguments]
    answer: Callable[[Archive, Any], Reply]

    def read(self, given: Mapping[str, Any]) -> Arguments:
        """The arguments, checked. Raises TgAssetsError that names those that cannot be, without their values."""
        try:
            return self.arguments.model_validate(dict(given))
        except ValidationError as error:
            wrong = (
                f"{'.'.join(map(str, one['loc']))}: {one['msg']}"
                for one in error.errors(include_input=False, include_url=False, include_context=False)[:SEVERAL]
            )
            known = ", ".join(self.arguments.model_fields) or "none"
            raise TgAssetsError(f"{self.name}: {'; '.join(wrong)}. Its arguments are: {known}.") from None

    @property
    def schema(self) -> dict[str, Any]:
        """JSON Schema of its arguments."""
        return {"properties": {}, **_plain(self.arguments.model_json_schema())}


def _plain(schema: Any) -> Any:
    """A schema in fewer words."""
    if isinstance(schema, list):
        return [_plain(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    may = schema.get("anyOf", [])
    if {"type": "null"} in may:
        (one,) = (other for other in may if other != {"type": "null"})
        schema = {**one, **{name: value for name, value in schema.items() if name not in ("anyOf", "default")}}
    return {
        name: {key: _plain(value) for key, value in said.items()} if name == "properties" else _plain(said)
        for name, said in schema.items()
        if not (name == "title" and isinstance(said, str)) and not (name == "default" and said is None)
        and not (name == "description" and schema.get("type") == "object" and "properties" in schema)
    }  # fmt: skip
