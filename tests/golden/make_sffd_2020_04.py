"""Make sffd_2020_04.json: what the fire department's export of April 2020 holds, asked of DuckDB alone.

Nothing of Markaz is used here: this is the independent answer that an import is held against. Run it from the root of
the checkout with the folder of the data, and commit what it writes:

    python tests/golden/make_sffd_2020_04.py ../shared/data
"""

import json
import sys
from pathlib import Path
from typing import Any

import duckdb

FILE = Path("sffd-dispatch") / "dispatch_2020-04.parquet"
GOLDEN = Path(__file__).with_suffix("").with_name("sffd_2020_04.json")

STAGES = {  # our word: the export's column
    "received": "received",
    "entered": "entry",
    "assigned": "dispatch",
    "en_route": "response",
    "on_scene": "on_scene",
    "transporting": "transport",
    "at_hospital": "hospital",
    "cleared": "available",
}
PRIORITIES = {"3": "1", "2": "3"}  # the department's emergency and non-emergency in our codes (docs/guides/import.md)

COUNTS = "SELECT count(*), count(DISTINCT call_number), count(DISTINCT unit_id), count(DISTINCT row_id) FROM export"
# A row breaks the order when the list of its stated times is not the sorted list.
VIOLATIONS = f"""
    WITH listed AS (SELECT list_filter([{", ".join(STAGES.values())}], lambda x: x IS NOT NULL) AS times FROM export)
    SELECT count(*) FROM listed WHERE times <> list_sort(times)
"""
RESPONSE = """
    WITH calls AS (
        SELECT call_number, any_value(final_priority) AS final_priority,
               date_diff('second', any_value(received), min(on_scene)) AS response_s
        FROM export GROUP BY call_number
    )
    SELECT final_priority, count(*), count(response_s), quantile_disc(response_s, 0.5), quantile_disc(response_s, 0.9)
    FROM calls GROUP BY final_priority ORDER BY final_priority
"""


def figures(file: Path) -> dict[str, Any]:
    """Return every figure of the golden file."""
    with duckdb.connect() as connection:
        connection.execute(f"CREATE VIEW export AS SELECT * FROM read_parquet('{file}')")
        rows, calls, units, keys = connection.execute(COUNTS).fetchone() or ()
        stated = connection.execute(
            f"SELECT {', '.join(f'count({c})' for c in STAGES.values())} FROM export"
        ).fetchone()
        (violations,) = connection.execute(VIOLATIONS).fetchone() or ()
        response = connection.execute(RESPONSE).fetchall()
    if keys != rows:
        raise SystemExit("row_id is not unique: this is not the export the golden file was made for")
    return {
        "file": FILE.name,
        "rows": rows,
        "calls": calls,
        "units": units,
        "stated": dict(zip(STAGES, stated or (), strict=True)),
        "rows_out_of_order": violations,
        "response": [
            {
                "final_priority": final_priority,
                "priority": PRIORITIES[final_priority],
                "calls": of_priority,
                "with_both": with_both,
                "p50_s": p50_s,
                "p90_s": p90_s,
            }
            for final_priority, of_priority, with_both, p50_s, p90_s in response
        ],
    }


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps(figures(Path(sys.argv[1]) / FILE), indent=2) + "\n")
    print(GOLDEN.read_text(), end="")
