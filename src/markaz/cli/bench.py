"""`markaz bench`: run the benchmarks of the checkout this is installed from.

They stand in bench/ beside src/ and are not part of the wheel: they measure the code they come with.
"""

import importlib
import sys
import traceback
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

import markaz
from markaz.core.errors import InvalidInput, NotPossibleNow

CHECKOUT = Path(markaz.__file__).parents[2]  # of an editable install: src/markaz/ stands in it


class Scale(StrEnum):
    """Small tries a benchmark out, full is what docs/performance.md quotes."""

    SMALL = "small"
    FULL = "full"


def bench(
    name: Annotated[
        str,
        typer.Argument(
            help="duty, stream, import, snapshot, events, replay, picture, places, recommend, keystrokes, audit, access, rls, or all of them: all.",
            metavar="NAME",
        ),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object for each figure.")] = False,
    scale: Annotated[Scale, typer.Option(help="How much work each run does.")] = Scale.FULL,
) -> None:
    """Measure against yardsticks in the same run. Everything runs on a database of its own, and nothing is kept."""
    running = _from_checkout("bench.running")
    form = _from_checkout("bench.figures")
    if name not in (*running.NAMES, "all"):
        raise InvalidInput(f"There is no benchmark {name}: choose one of {', '.join(running.NAMES)}, or all.")
    failed = []
    shown = []
    for one in running.NAMES if name == "all" else (name,):
        try:
            for figure in running.figures(one, scale.value):
                shown.append(figure)
                if as_json:
                    print(form.line(figure), flush=True)
        except Exception:  # whatever broke one benchmark, the others are still worth their time
            traceback.print_exc()
            failed.append(one)
    if not as_json:
        print(form.table(shown))
    if failed:
        print(f"markaz: these benchmarks broke: {', '.join(failed)}", file=sys.stderr)
        raise typer.Exit(1)


def _from_checkout(module: str) -> Any:
    if not (CHECKOUT / "bench" / "running.py").exists():
        raise NotPossibleNow(
            "Benchmarks run from a checkout of the source only, because they measure it: clone it, `make setup`, then "
            "`.venv/bin/markaz bench NAME` there."
        )
    if str(CHECKOUT) not in sys.path:
        sys.path.insert(0, str(CHECKOUT))
    return importlib.import_module(module)
