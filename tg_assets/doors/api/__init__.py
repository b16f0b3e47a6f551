"""The HTTP API, read-only but for judgements and the page's cookie: a thin function for each of the library's.

``ROUTERS`` are all of it. What does not belong here: who may ask (``doors.guards``), what comes out (``answers``).
"""

from tg_assets.doors.api import evidence, feeds, files, graph, judging, messages, searching, session

ROUTERS = [one.router for one in (searching, messages, evidence, files, graph, feeds, judging, session)]
