"""What the demo sends as live traffic."""

import json
from pathlib import Path

from tests.support.pipeline import SAMPLE
from tg_assets import ids
from tg_assets.cli import demo
from tg_assets.events.persona import PersonaMessageIngestedEventV1
from tg_assets.events.posts import PostParsedEventV1
from tg_assets.events.replay import Replay
from tg_assets.graph.questions import EVERY
from tg_assets.telegram.archive import open_archive


def test_the_graph_is_asked_three_questions() -> None:
    """As a person would ask them, one of them about pictures."""
    assert len(demo.ASKED) == 3
    assert "shared-pictures" in dict(demo.ASKED)
    for name, parameters in demo.ASKED:
        assert set(parameters) <= {one.name for one in EVERY[name].parameters}
        assert demo.asking(name, parameters).startswith(f"tg-assets ask {name}")
    assert "--chat 'Команда маяка' --tenant demo" in demo.asking(*demo.ASKED[1])


def test_it_is_told_how_private_chats_are_seen() -> None:
    """By the account whose export the sample is."""
    whose = json.loads((SAMPLE / "result.json").read_text("utf-8"))["personal_information"]["user_id"]
    assert whose == demo.OWNER
    said = demo.of_private_chats()
    assert f"add --owner {whose} to that line" in said
    assert f"`tg-assets tokens add NAME --tenant {demo.TENANT} --owner {whose}`" in said


def test_a_dialogue_is_sent_as_its_accounts_worker_tells_it() -> None:
    """Its posts are the ones that reading the account would make; a channel's messages are sent as they are."""
    with open_archive(Path(SAMPLE)) as archive:
        replay = Replay(archive, demo.LIVE_TENANT, lambda *_: None, titles=frozenset(demo.LIVE_CHATS))
        replay.survey()
        given = [event for event in replay.events() if event]
    sent = [demo.ingested(event) for event in given]
    private = [(a, b) for a, b in zip(given, sent, strict=True) if isinstance(b, PersonaMessageIngestedEventV1)]
    assert len(private) == sum(event.source == "dm" for event in given) > 0
    assert [one for one in sent if isinstance(one, PostParsedEventV1)] == [one for one in given if one.source != "dm"]
    tenant = ids.tenant_id(demo.LIVE_TENANT)
    for message, event in private:
        assert event.chat == message.chat
        channel = ids.channel_id(tenant, event.peer_id or 0, int(event.user_id))
        assert event.message_id == str(ids.post_id(channel, message.telegram_message_id))
        assert (event.content or "") == message.text[:500]
