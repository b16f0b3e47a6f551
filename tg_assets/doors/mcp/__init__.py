"""The door for assistants: a server of the Model Context Protocol, over stdio and over HTTP.

``server`` has the protocol, ``tools`` the list of tools, modules beside it their functions. What does not belong here:
answers (``tg_assets.answers``), who may ask (``doors.access``), the command.
"""
