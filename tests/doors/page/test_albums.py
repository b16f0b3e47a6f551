"""What is there of an album and of sounds is shown, and what is not is said."""

import pytest
from playwright.sync_api import Route, expect

from tests.answers.conftest import GARDEN, Tenant
from tests.doors.page.conftest import Open
from tests.doors.page.test_views import faults

AWAY = {"en": "file is not in the archive", "ru": "файла нет в архиве"}


@pytest.mark.parametrize("language", ["en", "ru"])
def test_an_album_is_shown_whole(reader: Open, mine: Tenant, language: str) -> None:
    """Files that are missing, and the words of every item, each once."""
    one = reader(language=language)

    def whole(route: Route) -> None:
        told = route.fetch().json()
        second, third = told["album"]["items"][1:]
        second |= {"sha256": None, "text": "вторая подпись", "struck": [{"offset": 0, "length": 6}]}
        third["text"] = told["message"]["text"]
        route.fulfill(json=told)

    one.page.route("**/api/v1/messages/*", whole)
    page = one.see(f"/?m={mine.post(GARDEN, 1)}")
    expect(page.locator(".whole .thumb")).to_have_count(2)
    expect(page.locator(".whole .file")).to_contain_text(AWAY[language])
    expect(page.locator(".whole > .text")).to_have_text(["три цвета над заливом", "вторая подпись"])
    expect(page.locator(".whole > .text s")).to_have_text("вторая")
    assert faults(page) == {}


def test_a_player_is_where_there_is_something_to_play(reader: Open, mine: Tenant) -> None:
    """Of a sound that the service does not hand out there is its name."""
    one = reader()

    def whole(route: Route) -> None:
        told = route.fetch().json()
        sound = {**told["media"][0], "kind": "audio", "mime": "audio/midi", "file_name": "a.mid", "duration": 5}
        told |= {"album": None, "media": [{**sound, "plays": True}, {**sound, "plays": False}]}
        route.fulfill(json=told)

    one.page.route("**/api/v1/messages/*", whole)
    page = one.see(f"/?m={mine.post(GARDEN, 1)}")
    expect(page.locator(".whole audio")).to_have_count(1)
    expect(page.locator(".whole .file")).to_contain_text("a.mid")
