"""tg-assets: Telegram as a searchable index and a graph, on Dagster assets.

One module per asset, named like the asset; pure logic beside them in packages that import no Dagster.
"""
