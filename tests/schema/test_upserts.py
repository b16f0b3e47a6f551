"""Every ON CONFLICT in the code names a unique index that exists."""

import re

from tests.schema.test_migrations import ask
from tests.support.data import ROOT

UPSERT = re.compile(r"INSERT INTO (\w+)\b(?:(?!INSERT INTO).)*?ON CONFLICT(?: \(([\w, ]+)\))?", re.DOTALL)


def upserts() -> list[tuple[str, str, tuple[str, ...]]]:
    """(file, table, columns) of every upsert in product code."""
    found = []
    for folder in ("tg_assets", "resources", "sensors"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for table, columns in UPSERT.findall(path.read_text("utf-8")):
                found.append((path.name, table, tuple(columns.replace(" ", "").split(",")) if columns else ()))
    return found


def test_every_conflict_has_its_unique_index(servers: dict[str, str]) -> None:
    """An upsert against an index that does not exist fails at run time only; the old system shipped two."""
    rows = ask(
        servers["TG_POSTGRES_OWNER_URL"],
        """SELECT i.indrelid::regclass::text, array_agg(a.attname::text ORDER BY k.place)
           FROM pg_index i CROSS JOIN unnest(i.indkey) WITH ORDINALITY AS k (attnum, place)
           JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
           JOIN pg_class c ON c.oid = i.indrelid AND c.relnamespace = 'public'::regnamespace
           WHERE i.indisunique AND i.indpred IS NULL GROUP BY i.indexrelid, i.indrelid""",
    )
    unique = {(table, frozenset(columns)) for table, columns in rows}
    found = upserts()
    assert len(found) >= 12
    named = [one for one in found if one[2]]
    assert [one for one in named if (one[1], frozenset(one[2])) not in unique] == []
    tables = {table for table, _ in unique}
    assert [one for one in found if one[1] not in tables] == []
