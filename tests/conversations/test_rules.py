"""What is a unit does not depend on the order in which messages came, nor on how often."""

from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conversations.support import BEGIN, Chat, Said
from tests.support import pipeline
from tg_assets.conversations.windows import NEAR

DAY = 24 * 60


@st.composite
def talks(draw: st.DrawFn) -> list[Said]:
    """Messages by number and time, with silences, borders of days, answers and deletions."""
    minute, said = draw(st.integers(0, 3 * DAY)), []
    for number in range(1, draw(st.integers(2, 35))):
        minute += draw(st.sampled_from([0, 0, 1, 2, 5, 29, 31, 300, 1500]))
        answers = draw(st.none() | st.integers(1, number))
        said.append(Said(number, minute, answers, deleted=draw(st.integers(0, 9)) == 0))
    return said


@given(said=talks(), data=st.data())
@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_order_and_repetition_do_not_matter(servers: dict[str, str], said: list[Said], data: st.DataObject) -> None:
    """In any order, in parts, some of them twice, first whole and then deleted: as if made at once."""
    chat = Chat(pipeline.new_tenant())
    coming = [one for message in said for one in _lives(message, data)]
    while coming:
        part = [
            coming.pop(data.draw(st.integers(0, len(coming) - 1)))
            for _ in range(min(len(coming), data.draw(st.integers(3, 20))))
        ]
        known = {one.number for one in part if one.deleted}
        chat.put(sorted(part, key=lambda one: one.deleted))
        coming = [one for one in coming if one.number not in known or one.deleted]
        chat.run({one.at.replace(hour=0, minute=0) for one in part})
    came = chat.units()
    chat.forget()
    chat.put(said)
    chat.run()
    assert came == chat.units()
    assert not any(report.todo for report in chat.run().values())


def _lives(message: Said, data: st.DataObject) -> list[Said]:
    """How often a message comes; what is deleted may have been seen before."""
    before = Said(message.number, message.minute, message.answers)
    times = data.draw(st.integers(0, 2))
    return [before] * times + [message]


@given(said=talks())
@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_units_are_bounded_and_whole(servers: dict[str, str], said: list[Said]) -> None:
    """A window has messages of one day, and no message is in two; of a thread at most one answers nobody."""
    chat = Chat(pipeline.new_tenant())
    chat.put(said)
    chat.run()
    by = {one.number: one for one in said}
    windows = chat.numbers("window")
    everybody = [number for window in windows for number in window]
    assert len(everybody) == len(set(everybody))
    assert not any(by[number].deleted for number in everybody)
    for window in windows:
        assert len(window) >= 2
        assert len({by[number].minute // DAY for number in window}) == 1
    for thread in chat.numbers("thread"):
        assert by[thread[-1]].minute - by[thread[0]].minute >= 0
        assert sum(by[number].answers is None or by[number].answers == number for number in thread) <= 1


def test_channels_have_no_units(servers: dict[str, str], tenant: str) -> None:
    chat = Chat(tenant, "channel")
    chat.put(Said(number, number) for number in range(1, 30))
    chat.run()
    assert chat.units() == set()


def test_a_long_talk_is_cut_in_places_of_its_own(servers: dict[str, str], tenant: str) -> None:
    """A message that comes late, or goes, changes the windows around it and no others; the border of a day cuts."""
    chat = Chat(tenant)
    said = [Said(number, 23 * 60 + number // 4) for number in range(2, 400, 2)]
    chat.put(said)
    chat.run()
    before = chat.units()
    windows = chat.numbers("window")
    assert len({BEGIN + timedelta(minutes=23 * 60 + window[0] // 4) for window in windows}) > 10
    assert 2 * NEAR < sum(map(len, windows)) / len(windows) < 3 * NEAR
    late = Said(201, 23 * 60 + 201 // 4)
    chat.put([late])
    chat.run([late.at.replace(hour=0, minute=0)])
    after = chat.units()
    assert 1 <= len(before - after) <= 3
    assert any(201 in unit[-1] for unit in after)
    chat.put([Said(300, 23 * 60 + 75, deleted=True)])
    report = chat.run([BEGIN.replace(day=2)], ["window"])["window"]
    assert report.todo == 1
