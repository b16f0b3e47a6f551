"""What the model made up is dropped, what was said is kept."""

from dataclasses import dataclass, replace

import pytest

from tg_assets.speech.doubt import said


@dataclass(frozen=True)
class Window:
    """A stretch as the model reports it; by default one that was said clearly."""

    text: str = " Крыша цела."
    start: float = 1.0
    end: float = 2.0
    avg_logprob: float = -0.4
    no_speech_prob: float = 0.02
    compression_ratio: float = 1.2


CLEAR = Window()


def test_clear_speech_is_kept_with_its_times() -> None:
    """Also when the model is as unsure as it is of a voice in noise as loud as the voice."""
    assert said([CLEAR]) == [(1.0, 2.0, "Крыша цела.")]
    assert len(said([replace(CLEAR, avg_logprob=-0.9, no_speech_prob=0.13)])) == 1


@pytest.mark.parametrize(
    "doubtful",
    [
        Window(" Продолжение следует...", no_speech_prob=0.7),
        Window(" Спасибо за просмотр!", avg_logprob=-1.2),
        Window(" 1.0.1.1.1.1.1.1", compression_ratio=15.6),
        Window(" ..."),
        Window(""),
    ],
)
def test_what_the_model_doubts_is_dropped(doubtful: Window) -> None:
    """Alone, not with its neighbours."""
    assert said([CLEAR, doubtful, replace(CLEAR, text="Лодка.")]) == [
        (1.0, 2.0, "Крыша цела."),
        (1.0, 2.0, "Лодка."),
    ]


def test_a_sentence_without_end_is_kept_once() -> None:
    """Whatever its punctuation; said again later it counts."""
    texts = ["Спасибо.", " спасибо!", "Спасибо", "Лодка.", "Спасибо."]
    heard = said([Window(text=text, start=float(number)) for number, text in enumerate(texts)])
    assert heard == [(0.0, 2.0, "Спасибо."), (3.0, 2.0, "Лодка."), (4.0, 2.0, "Спасибо.")]
