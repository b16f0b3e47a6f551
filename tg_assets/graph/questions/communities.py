"""Groups of chats by what they forward: label propagation over chats and sources, in rounds with a bound.

A chat and a source are tied by the forwards between them. Each begins as a group of its own and then, in a fixed order,
joins the group to which it has most ties; equal ones are decided by the name, so the same ties give the same groups
(Raghavan, Albert, Kumara 2007, https://arxiv.org/abs/0709.2938, which chooses at random). What does not belong here:
which ties there are.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

Row = dict[str, Any]

ROUNDS = 20


def communities(ties: Sequence[Row]) -> list[Row]:
    """Members of groups with at least two chats, the largest group first; of a group the chats, then its sources.

    ``ties`` have ``chat`` with its ``chat_tg_id``, ``source_id``, ``forwards`` and ``source``; a member has the sum of
    its forwards. A source that is one of the chats is that chat.
    """
    chats = {str(tie["chat_tg_id"]): f"chat {tie['chat']}" for tie in ties}

    def of(tie: Row) -> str:
        return chats.get(tie["source_id"], f"source {tie['source_id']}")

    weights: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for tie in ties:
        chat, source = f"chat {tie['chat']}", of(tie)
        if chat != source:
            weights[chat][source] += tie["forwards"]
            weights[source][chat] += tie["forwards"]
    group = _propagated(weights)
    members: defaultdict[str, list[str]] = defaultdict(list)
    for node in sorted(weights):
        members[group[node]].append(node)
    sources = {of(tie): tie for tie in reversed(ties)}
    large = [names for names in members.values() if sum(name.startswith("chat ") for name in names) > 1]
    large.sort(key=lambda names: (-len(names), names))
    return [
        _member(number, node, weights[node].total(), sources.get(node))
        for number, names in enumerate(large, 1)
        for node in sorted(names, key=lambda node: (node.startswith("source "), -weights[node].total(), node))
    ]


def _propagated(weights: dict[str, Counter[str]]) -> dict[str, str]:
    group = {node: node for node in weights}
    for _ in range(ROUNDS):
        moved = False
        for node in sorted(weights):
            pull: Counter[str] = Counter()
            for other, weight in weights[node].items():
                pull[group[other]] += weight
            strongest = max(pull.values())
            best = min(name for name, weight in pull.items() if weight == strongest)
            if pull[group[node]] < strongest:
                group[node], moved = best, True
        if not moved:
            break
    return group


def _member(number: int, node: str, forwards: int, tie: Row | None) -> Row:
    kind, _, name = node.partition(" ")
    return {
        "community": number,
        "member": kind,
        "forwards": forwards,
        "chat": name if kind == "chat" else None,
        "source": tie["source"] if tie and kind == "source" else None,
        "source_id": name if kind == "source" else None,
    }
