"""What follows from a list of assets: their order, who is made of whom, a round of the live refresh, all checks."""

from collections.abc import Iterable, Sequence
from graphlib import TopologicalSorter

from tg_assets.assets.asset import Asset
from tg_assets.assets.checks import Rule, nothing_failed
from tg_assets.assets.tools import Tools
from tg_assets.ledger.round import Round
from tg_assets.ledger.stage import StageOf


def ordered(assets: Sequence[Asset]) -> list[Asset]:
    """Each after those that it is made of; as listed where that leaves a choice."""
    places = {asset.name: place for place, asset in enumerate(assets)}
    sorter = TopologicalSorter({asset.name: asset.deps for asset in assets})
    sorter.prepare()
    found: list[Asset] = []
    ready = set(sorter.get_ready())
    while ready:
        name = min(ready, key=places.__getitem__)
        found.append(assets[places[name]])
        sorter.done(name)
        ready = (ready - {name}) | set(sorter.get_ready())
    return found


def dependents(assets: Iterable[Asset], name: str) -> frozenset[str]:
    """Names of those that are made of an asset directly."""
    return frozenset(asset.name for asset in assets if name in asset.deps)


def made_of(assets: Sequence[Asset], name: str) -> tuple[str, ...]:
    """Names of all that an asset is made of, directly or not, in their order."""
    deps = {asset.name: asset.deps for asset in assets}
    found: set[str] = set()
    pending = list(deps[name])
    while pending:
        if (one := pending.pop()) not in found:
            found.add(one)
            pending += deps[one]
    return tuple(asset.name for asset in ordered(assets) if asset.name in found)


def stages(assets: Sequence[Asset], tools: Tools) -> dict[str, tuple[StageOf, ...]]:
    """Stages of those that have some, by name, in their order."""
    return {asset.name: found for asset in ordered(assets) if (found := asset.stages(tools))}


def live_round(assets: Sequence[Asset]) -> Round:
    """The order in which the live refresh makes them."""
    placed = [(asset.name, asset.live) for asset in ordered(assets) if asset.live]
    slow = {name: live.per_round for name, live in placed if live.per_round}
    first = [name for name, live in placed if not (live.per_round or live.last)]
    return Round(
        first=tuple(first),
        slow=slow,
        again=tuple(name for name in first if slow.keys() & set(made_of(assets, name))),
        last=tuple(name for name, live in placed if live.last),
        wait_for={name: made_of(assets, name) for name, live in placed if live.whole},
    )


def rules(assets: Iterable[Asset]) -> list[Rule]:
    """What is checked about them."""
    found: list[Rule] = []
    for asset in assets:
        found += [nothing_failed(asset.name, asset.ledger)] if asset.ledger else []
        found += asset.checks
    return found
