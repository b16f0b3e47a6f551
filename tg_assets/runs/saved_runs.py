"""Job ``tell``: asks saved questions about what is new and tells receivers, while there is anything of the kind.

It lingers, as ``refresh`` does, for a start costs more than what there is to do. What it says holds counts only. What
does not belong here: how it is done (``tg_assets.saved``).
"""

from functools import partial

import dagster as dg

from tg_assets import ids
from tg_assets.assets.tools import Tools
from tg_assets.registry.tenants import known_feeds, tenant_slugs
from tg_assets.runs.live_runs import FollowConfig


class TellConfig(FollowConfig):
    """How long it follows."""

    linger_seconds: float = 20.0


@dg.op(required_resource_keys={"settings", "postgres", "qdrant", "neo4j", "objects", "embedder"})
def tell_saved(context: dg.OpExecutionContext, config: TellConfig) -> None:
    """Ask what is new to saved questions and tell it, until nothing is."""
    from tg_assets.accounts.vault import vault
    from tg_assets.answers.archive import Archive
    from tg_assets.answers.picture_leg import picture_leg
    from tg_assets.saved.rounds import rounds
    from tg_assets.vision.clip import Clip

    tools = Tools(partial(getattr, context.resources))
    clip = tools.settings.clip
    whole = Archive(
        tenant=ids.NO_TENANT, postgres=tools.database, vectors=tools.vectors, graph=tools.graph, objects=tools.objects,
        embedder=lambda: tools.embedder, pictures=None if clip is None else picture_leg(Clip(clip), tools.vectors),
    )  # fmt: skip
    tenants = [ids.tenant_id(slug) for slug in tenant_slugs(known_feeds(context.instance))]
    done = rounds(
        tools.database, whole, tenants, tools.settings.trusted_hosts, partial(vault, tools.settings),
        config.linger_seconds, config.budget_seconds,
    )  # fmt: skip
    counts = {name: done[name] for name in ("questions", "matches", "failed", "told", "not")}
    context.log.info(
        f"{counts['questions']:,} questions asked, {counts['matches']:,} matches, {counts['told']:,} messages told, "
        f"{counts['not']:,} not; {counts['failed']:,} questions could not be asked"
    )
    context.add_output_metadata({name if name != "not" else "not_told": count for name, count in counts.items()})


@dg.job(tags={"dagster/max_retries": "0"}, executor_def=dg.in_process_executor)
def tell() -> None:
    """What is new to saved questions, to feeds and receivers, while it comes."""
    tell_saved()
