"""The documents' example works."""

import re
from pathlib import Path


def test_the_example() -> None:
    """The example in README.md runs as it stands."""
    (code,) = re.findall(r"```python\n(.*?)```", Path(__file__).with_name("README.md").read_text(), re.DOTALL)
    exec(compile(code, "README.md", "exec"), {"__name__": "readme"})
