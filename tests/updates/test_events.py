"""What happens in followed chats reaches the streams and, read by the tail, makes the database equal the world."""

import pytest
from telethon.tl.functions.messages import GetMessagesRequest

from tests.updates.conftest import Place
from tests.updates.support import events, eventually, same


def test_new_edited_and_deleted_everywhere(place: Place) -> None:
    """A message that is posted, changed or taken back in any kind of chat is so in the database."""
    world, me, ada = place.world, place.me, place.ada
    with place.listening() as listener:
        for chat, sender in ((place.news, None), (place.talk, ada), (place.circle, ada), (me, ada)):
            _, changed, gone = (world.send(chat, f"{text} message", sender=sender) for text in ("a", "b", "c"))
            world.edit(changed, "changed")
            world.delete(gone)
        eventually(lambda: len(events(place.redis, place.live.tenant)) == 20)
        found = events(place.redis, place.live.tenant)
        same(place.live, place.news, place.talk, user=me)
    assert {kind for kind, _ in found} == {"parsed", "edited", "deleted"}
    assert {event.producer for _, event in found} == {"tg-assets listen"}
    assert place.live.letters() == {}
    assert not place.errors(), listener.said


def test_names_and_owner(place: Place) -> None:
    """A private message says whose it is, who wrote it and in which chat, so that its feed stays the account's."""
    place.world.user("Eve")
    with place.listening():
        place.world.send(place.me, "private", sender=place.ada)
        place.world.send(place.ada, "my answer", sender=place.me)
        eventually(lambda: len(events(place.redis, place.live.tenant)) == 2)
    first, second = (event for _, event in events(place.redis, place.live.tenant))
    assert (first.source, first.owner_id, first.tg_channel_id) == ("dm", place.me.id, -place.ada.id)
    assert (first.author_name, first.sender_username, first.chat_title) == ("Ada", "ada", "Ada")
    assert (second.author_name, second.sender_tg_id, second.tg_channel_id) == ("Me", place.me.id, -place.ada.id)


def test_album(place: Place) -> None:
    """The pictures of an album are one album in the database, named and not stored yet."""
    with place.listening():
        place.world.album(
            place.news, [place.world.photo(bytes([number]), size=(8, 6)) for number in range(3)], "caption"
        )
        same(place.live, place.news, place.talk)
    (album,) = place.live.rows("SELECT grouped_id, count(*) AS items FROM messages WHERE has_media GROUP BY 1")
    assert album.items == 3
    assert album.grouped_id
    assert place.live.rows('SELECT 1 FROM telegram_messages WHERE media @> \'[{"kind": "photo"}]\'')


def test_reactions_views_and_pins(place: Place) -> None:
    """Counters, reactions and pins, of which Telegram tells apart from the message, are those of the message."""
    world, ada = place.world, place.ada
    with place.listening():
        post = world.send(place.news, "liked", views=1)
        said = world.send(place.me, "liked, too", sender=ada)
        eventually(lambda: len(events(place.redis, place.live.tenant)) == 2)
        world.react(post, "👍", count=7)
        world.view(post, 1234)
        world.pin(post)
        world.react(said, "🔥", sender=place.me)

        def counted() -> bool:
            place.live.drain()
            rows = place.live.rows(
                """SELECT reactions_count, views_count, is_pinned FROM messages WHERE content LIKE 'liked%'
                   ORDER BY reactions_count DESC"""
            )
            return [tuple(row) for row in rows] == [(7, 1234, True), (1, 0, False)]

        eventually(counted)
    assert place.live.rows("SELECT 1 FROM messages WHERE is_edited") == []
    asked = place.loopback.server.requests(GetMessagesRequest)
    assert len(asked) == 1


def test_new_private_chats(place: Place) -> None:
    """Whoever writes to a sideloaded account for the first time is in the account's feed of direct messages."""
    world, tenant = place.world, place.live.tenant
    eve = world.user("Eve")
    with place.listening():
        world.send(place.me, "do you know me?", sender=eve)
        world.send(world.group("New circle", [place.me, eve]), "welcome", sender=eve)
        world.send(world.supergroup("Nobody follows this", [place.me]), "unheard", sender=place.me)
        same(place.live, place.news, place.talk, user=place.me)
    rows = place.live.rows(
        "SELECT title, feed, source FROM channels WHERE title IN ('Eve', 'New circle') ORDER BY title"
    )
    assert [tuple(row) for row in rows] == [
        ("Eve", f"{tenant}.me-dm", "dm"),
        ("New circle", f"{tenant}.me-groups", "persona"),
    ]
    assert place.live.rows("SELECT 1 FROM channels WHERE title LIKE 'Nobody%'") == []


def test_private_chats_of_an_account_that_is_not_sideloaded(place: Place) -> None:
    """An account that only follows channels does not register who writes to it, nor look for what they delete."""
    bob = place.world.user("Bob", username="bob")
    place.world.join(bob, place.news)
    place.loopback.log_in(bob, "bob")
    place.loopback.follow("bob")
    with place.listening("bob") as listener:
        place.world.delete(place.world.send(bob, "hello", sender=place.ada))
        place.world.send(place.news, "for the two of us")
        same(place.live, place.news, place.talk)
    assert place.live.rows("SELECT 1 FROM channels WHERE owner_id = :bob", bob=bob.id) == []
    assert listener.listener.statuses[0].given_up == 0


def test_deletion_of_what_was_read_before(place: Place) -> None:
    """A deleted private message, which Telegram names by number only, is found in the database."""
    (hello,) = (one for one in place.me.box.messages.values() if one.text == "hello")
    with place.listening() as listener:
        place.world.delete(hello)
        same(place.live, place.news, place.talk, user=place.me)
        assert listener.listener.statuses[0].given_up == 0


def test_deletion_of_what_is_still_in_the_stream(place: Place) -> None:
    """A deleted private message that the tail has not read yet is looked for until it has."""
    with place.listening():
        said = place.world.send(place.me, "soon gone", sender=place.ada)
        eventually(lambda: events(place.redis, place.live.tenant))
    with place.listening() as listener:
        eventually(lambda: listener.listener.statuses[0].state == "listening")
        place.world.delete(said)
        same(place.live, place.news, place.talk, user=place.me)


def test_deletion_of_what_nobody_knows(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A deleted private message that is found nowhere is given up, and counted."""
    monkeypatch.setenv("TG_LISTEN_UNRESOLVED_SECONDS", "0")
    place.begun()
    unknown = place.world.send(place.me, "unheard", sender=place.ada, announce=False)
    with place.listening() as listener:
        place.world.delete(unknown)
        eventually(lambda: listener.listener.statuses[0].given_up == 1)
