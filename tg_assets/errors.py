"""The one exception a person is meant to read.

Everything that can go wrong because of input, configuration or an absent server is raised as
``TgAssetsError`` with a sentence that says what happened, to which feed or file, and what to do next.
The command line prints it without a traceback; Dagster shows it as the run's failure.
Anything else that escapes is a defect.
"""


class TgAssetsError(Exception):
    """A sentence for a person: what happened, where, and what to do next."""


class ServerDown(TgAssetsError):
    """A server does not answer; whoever can wait tries again."""


class ServerRefuses(TgAssetsError):
    """A server answers and does not let us in: waiting does not help, a setting has to be corrected."""
