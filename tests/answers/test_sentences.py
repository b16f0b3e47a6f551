"""The library says what is wrong; how to go on is said by each door in its own words."""

import ast
import json
import re
from collections.abc import Iterator
from typing import get_args

import pytest

from tests.support.data import ROOT
from tests.support.source import parsed
from tg_assets.answers.archive import Archive
from tg_assets.answers.asking import ask
from tg_assets.cli import faults
from tg_assets.doors import saying
from tg_assets.doors.mcp import server
from tg_assets.errors import Listing, NoSuch, WrongParameter

LIBRARY = ("answers", "graph", "saved")
OF_A_SHELL = re.compile(r"tg-assets [a-z]|(?:^|[ `])--[a-z]")


def sentences() -> Iterator[tuple[str, str]]:
    """Every text of the library's modules with where it is, without docstrings."""
    for path in sorted(path for part in LIBRARY for path in (ROOT / "tg_assets" / part).rglob("*.py")):
        module = parsed(path)
        told = {id(node.value) for node in ast.walk(module) if isinstance(node, ast.Expr)}
        for node in ast.walk(module):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told:
                yield f"{path.name}:{node.lineno}", node.value


def test_the_library_names_no_command() -> None:
    assert [place for place, said in sentences() if OF_A_SHELL.search(said)] == []


def test_every_door_leads_on_to_all_that_can_be_listed() -> None:
    listings = set(get_args(Listing))
    for ways in (faults.WAYS, saying.CALLS, server.WAYS):
        assert set(ways) == listings
        assert all(way.endswith(".") for way in ways.values())
    assert not any(OF_A_SHELL.search(way) for way in (*saying.CALLS.values(), *server.WAYS.values()))


def test_each_door_says_it_in_its_own_words() -> None:
    error = NoSuch("There is no question 'x'.", "questions")

    def archive() -> Archive:
        raise error

    assert faults.explain(error) == "There is no question 'x'. `tg-assets ask` lists all."
    told = json.loads(saying.said(error).body)["error"]
    assert (told["message"], told["hint"]) == (str(error), "/api/v1/questions lists all.")
    (said,) = server.answered(archive, "list_feeds", {}).content
    assert getattr(said, "text", "") == "There is no question 'x'. ask_graph without a question lists all."


@pytest.mark.parametrize(
    ("question", "given", "library", "shell"),
    [
        ("reach", {}, "needs 'post', a post: its link", "needs --post, a post: its link"),
        ("reach", {"pst": "x"}, "no parameter 'pst'. Is 'post' meant?", "no parameter --pst. Is --post meant?"),
        ("reach", {"some_name": "x"}, "no parameter 'some_name'", "no parameter --some-name"),
    ],
)
def test_parameters_are_named_as_they_are_given(question: str, given: dict[str, str], library: str, shell: str) -> None:
    """In a shell as options."""
    with pytest.raises(WrongParameter) as refused:
        ask(None, question, **given)  # type: ignore[arg-type]
    assert library in str(refused.value)
    assert shell in faults.explain(refused.value)
