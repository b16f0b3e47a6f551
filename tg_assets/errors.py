"""The one exception a person is meant to read.

Everything that can go wrong because of input, configuration or an absent server is raised as
``TgAssetsError`` with a sentence that says what happened, to which feed or file, and what to do next.
The command line prints it without a traceback; Dagster shows it as the run's failure.
Anything else that escapes is a defect.
"""

from collections.abc import Callable, Mapping
from typing import Literal

Listing = Literal["questions", "chats", "posts", "albums", "people", "sources", "pictures", "owners", "feeds"]
"""What can be listed, so that who named something else finds the name."""


class TgAssetsError(Exception):
    """A sentence for a person: what happened, where, and what to do next."""


class NoSuch(TgAssetsError):
    """Something was named that is not there. How those of its ``listing`` are listed is another thing at each door."""

    def __init__(self, said: str, listing: Listing) -> None:
        super().__init__(said)
        self.listing = listing

    def hint(self, ways: Mapping[Listing, str]) -> str:
        """The sentence that leads on, of those of a door."""
        return ways[self.listing]


class WrongParameter(TgAssetsError):
    """A question's parameter is missing or is none of it; ``tell`` says so, given how a parameter is written."""

    def __init__(self, tell: Callable[[Callable[[str], str]], str]) -> None:
        super().__init__(tell(repr))
        self.tell = tell


class NotAllowed(TgAssetsError):
    """What ``setting`` would allow: whoever runs the installation is told its name, others that there is somebody."""

    def __init__(self, said: str, setting: str) -> None:
        super().__init__(said)
        self.setting = setting


class ServerDown(TgAssetsError):
    """A server does not answer; whoever can wait tries again."""


class ServerRefuses(TgAssetsError):
    """A server answers and does not let us in: waiting does not help, a setting has to be corrected."""


class WrongSetting(ServerRefuses):
    """A setting is not what it should be, so that something cannot even be asked; the words name it."""
