"""The HTTP API: a thin function for each of the library's. It only reads, but for judgements, saved questions and the
page's cookie.

``ROUTERS`` are all of it. What does not belong here: who may ask (``doors.guards``), what comes out (``answers``).
"""

from tg_assets.doors.api import evidence, feeds, files, graph, judging, messages, saved, searching, session

ROUTERS = [one.router for one in (searching, messages, evidence, files, graph, feeds, judging, saved, session)]
