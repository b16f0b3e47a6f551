"""What may be saved as a question."""

import orjson
import pytest
from pydantic import ValidationError

from tg_assets.saved.asked import SavedQuestion, read


@pytest.mark.parametrize("number", [1 << 63, -(1 << 63) - 1, 10**30])
def test_a_number_that_no_json_holds_is_refused(number: int) -> None:
    with pytest.raises(ValidationError):
        SavedQuestion(question="topics", parameters={"name": number})


@pytest.mark.parametrize("number", [(1 << 63) - 1, -(1 << 63), 0])
def test_a_number_is_kept_as_it_is(number: int) -> None:
    asked = SavedQuestion(question="topics", parameters={"name": number})
    assert read("graph", orjson.loads(orjson.dumps(asked.model_dump(mode="json")))) == asked
