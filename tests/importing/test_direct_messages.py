"""Direct messages and small groups belong to the account that exported them; two accounts share nothing."""

from pathlib import Path
from typing import Any

import pytest

from tests.support import pipeline
from tests.telegram.exports import account, chat, message
from tg_assets.errors import TgAssetsError

PEER, ME, OTHER = 500, 900, 901
PRIVATE = {"type": "personal_chat", "id": PEER, "name": "Борис"}
SMALL = {"type": "private_group", "id": 77, "name": "Дача"}


def theirs(number: int) -> dict[str, Any]:
    return message(number, **{"from": "Борис", "from_id": f"user{PEER}"})


def mine(number: int, me: int = ME) -> dict[str, Any]:
    return message(number, **{"from": "Ада", "from_id": f"user{me}"})


def owners(tenant: str) -> list[tuple[int, int]]:
    return [tuple(row) for row in pipeline.rows(tenant, "SELECT owner_id, tg_channel_id FROM channels ORDER BY 1")]


def test_a_whole_account_export_says_whose_it_is(tenant: str, tmp_path: Path) -> None:
    """Even when nobody but the peer wrote."""
    pipeline.import_path(pipeline.write_export(tmp_path, account(chat(theirs(1), **PRIVATE), user_id=ME)), tenant)
    assert owners(tenant) == [(ME, -PEER)]


def test_the_author_who_is_not_the_peer_is_the_owner(tenant: str, tmp_path: Path) -> None:
    """An export of one chat does not say whose it is, but its messages do."""
    pipeline.import_path(pipeline.write_export(tmp_path, chat(theirs(1), mine(2), **PRIVATE)), tenant)
    assert owners(tenant) == [(ME, -PEER)]
    assert pipeline.scalar(tenant, "SELECT count(DISTINCT id) FROM telegram_messages WHERE id IS NOT NULL") == 2


@pytest.mark.parametrize("whole", [True, False])
def test_the_owner_that_a_person_names_is_the_one_that_the_file_tells(tenant: str, tmp_path: Path, whole: bool) -> None:
    """By its head or by who wrote; another account would read what is not its own."""
    talk = chat(theirs(1), mine(2), **PRIVATE)
    path = pipeline.write_export(tmp_path, account(talk, user_id=ME) if whole else talk)
    with pytest.raises(TgAssetsError, match=r"made by another account than --owner names\. Leave --owner out"):
        pipeline.import_path(path, tenant, owner_id=OTHER)
    assert owners(tenant) == []
    pipeline.import_path(path, tenant, owner_id=ME)
    assert owners(tenant) == [(ME, -PEER)]


def test_login_codes_are_known_by_who_wrote_them(tenant: str, tmp_path: Path) -> None:
    """Whatever the head of the chat says; somebody else's private chat beside it lands."""
    code = {**message(1, text="Login code: 12345"), "from_id": "user777000", "from": "Telegram"}
    whole = account(chat(code, **PRIVATE), chat(mine(2), theirs(3), **(PRIVATE | {"id": 4711})), user_id=ME)
    codes, other = sorted(
        pipeline.import_path(pipeline.write_export(tmp_path, whole), tenant), key=lambda one: not one.never_read
    )
    assert (codes.never_read, other.never_read) == (True, False)
    assert pipeline.rows(tenant, "SELECT telegram_message_id FROM telegram_messages ORDER BY 1") == [(2,), (3,)]
    assert pipeline.scalar(tenant, "SELECT count(*) FROM dead_letters") == 0


def test_a_title_is_one_line(tenant: str, tmp_path: Path) -> None:
    """A break of line in it could pass for a line that a command prints."""
    for number, mark in enumerate("\n\r\v\f\x1c\x85\u2028\u2029", start=1):
        export = chat(message(1), name=f"News {mark} Done.", id=number)
        (report,) = pipeline.import_path(pipeline.write_export(tmp_path / str(number), export), tenant)
        assert report.title == "News Done."
    assert pipeline.rows(tenant, "SELECT DISTINCT title FROM channels") == [("News Done.",)]


def test_without_any_sign_of_the_owner_nothing_lands(tenant: str, tmp_path: Path) -> None:
    path = pipeline.write_export(tmp_path, chat(theirs(1), **PRIVATE))
    with pytest.raises(TgAssetsError, match=r"direct messages.*does not say whose account it is from.*--owner"):
        pipeline.import_path(path, tenant)
    assert set(pipeline.counts(tenant, ["tenants", "channels", "telegram_messages"]).values()) == {0}


def test_the_same_chat_by_two_ways_is_one_chat(tenant: str, tmp_path: Path) -> None:
    """From the whole account and from the single chat: known messages stay known."""
    pipeline.import_path(pipeline.write_export(tmp_path / "1", account(chat(mine(1), **PRIVATE), user_id=ME)), tenant)
    (report,) = pipeline.import_path(pipeline.write_export(tmp_path / "2", chat(mine(1), theirs(2), **PRIVATE)), tenant)
    assert (report.counts["unchanged"], report.counts["new"]) == (1, 1)
    assert owners(tenant) == [(ME, -PEER)]


def test_two_accounts_of_a_tenant_share_nothing(tenant: str, tmp_path: Path) -> None:
    """Both talk to the same person; ids of rows differ, feeds differ."""
    for me in (ME, OTHER):
        export = account(chat(mine(1, me), theirs(2), **PRIVATE), user_id=me)
        pipeline.import_path(pipeline.write_export(tmp_path / str(me), export), tenant)
    assert owners(tenant) == [(ME, -PEER), (OTHER, -PEER)]
    rows = pipeline.rows(
        tenant,
        """SELECT t.telegram_message_id, count(*), count(DISTINCT t.id), count(DISTINCT c.feed)
           FROM telegram_messages t JOIN channels c ON c.id = t.channel_id GROUP BY 1 ORDER BY 1""",
    )
    assert [tuple(row) for row in rows] == [(1, 2, 2, 2), (2, 2, 2, 2)]


def test_a_small_group_is_another_chat_for_each_account(tenant: str, tmp_path: Path) -> None:
    """Telegram numbers its messages per account: message 1 of one account is not message 1 of another."""
    for me in (ME, OTHER):
        export = account(chat(mine(1, me), theirs(2), **SMALL), user_id=me)
        (report,) = pipeline.import_path(pipeline.write_export(tmp_path / str(me), export), tenant)
        pipeline.materialize(report.feed, "2023-05-01", "2023-05-01", selection=["posts"])
    assert owners(tenant) == [(ME, -77), (OTHER, -77)]
    rows = pipeline.rows(
        tenant,
        """SELECT m.kept_in, m.source, f.kind, count(*), count(DISTINCT m.id), count(DISTINCT f.key)
           FROM messages m JOIN channels c ON c.id = m.channel_id JOIN feeds f ON f.key = c.feed GROUP BY 1, 2, 3""",
    )
    assert [tuple(row) for row in rows] == [("group_messages", "persona", "group", 4, 4, 2)]


def test_a_small_group_of_nobody_is_refused_until_its_owner_is_named(tenant: str, tmp_path: Path) -> None:
    path = pipeline.write_export(tmp_path, chat(mine(1), theirs(2), **SMALL))
    with pytest.raises(TgAssetsError, match=r"a small group.*does not say whose account it is from.*--owner"):
        pipeline.import_path(path, tenant)
    assert pipeline.counts(tenant, ["channels", "telegram_messages"]) == {"channels": 0, "telegram_messages": 0}
    pipeline.import_path(path, tenant, owner_id=OTHER, feed="dacha")
    assert owners(tenant) == [(OTHER, -77)]
    assert pipeline.rows(tenant, "SELECT key, kind FROM feeds") == [(f"{tenant}.dacha", "group")]


def test_channels_and_supergroups_have_no_owner(tenant: str, tmp_path: Path) -> None:
    """Not even when one is named: the same channel seen by two accounts is one channel."""
    export = account(chat(message(1)), chat(message(1), type="private_supergroup", id=43), user_id=ME)
    pipeline.import_path(pipeline.write_export(tmp_path, export), tenant, owner_id=OTHER)
    assert [owner for owner, _ in owners(tenant)] == [0, 0]
