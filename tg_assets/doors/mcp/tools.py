"""The list of tools, in the order in which a model is told of them.

There are twelve at most, and a tool reads and changes nothing. What does not belong here: what they do.
"""

from tg_assets.doors.mcp import finding, numbers, reading
from tg_assets.doors.mcp.tool import Tool

TOOLS: tuple[Tool, ...] = (*finding.TOOLS, *reading.TOOLS, *numbers.TOOLS)
