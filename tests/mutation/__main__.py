"""``python -m tests.mutation FIRST COUNT``: mutated exports with the seeds from FIRST on; stops at one that fails."""

import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.mutation.exports import mutated
from tests.mutation.running import Outcome, read


def run(first: int, count: int, folder: Path) -> Outcome:
    """Totals of what became of them."""
    total: Outcome = Counter()
    for seed in range(first, first + count):
        name, data = mutated(seed)
        path = folder / name
        path.write_bytes(data)
        try:
            found = read(path)
        except Exception as error:
            raise AssertionError(f"seed {seed} raised {type(error).__name__}") from error
        assert found, f"seed {seed} came to nothing"
        total += found
    return total


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        print(dict(run(int(sys.argv[1]), int(sys.argv[2]), Path(made))))
