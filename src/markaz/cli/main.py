"""The markaz command. Each sub-command lives in a file of its own; this one only names them."""

import sys
from typing import NoReturn

import typer
from pydantic import ValidationError

from markaz.cli import (
    accounts,
    alerts,
    bench,
    database,
    demo,
    history,
    importing,
    log,
    places,
    replay,
    serve,
    territories,
    training,
)
from markaz.core import reach
from markaz.core.errors import MarkazError

app = typer.Typer(
    help="Markaz: a coordination and monitoring centre for public safety.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command("serve")(serve.serve)
app.command("migrate")(database.migrate)
app.command("backup")(database.backup)
app.command("restore")(database.restore)
app.command("check")(database.check)
app.command("replay")(replay.replay)
app.command("bench")(bench.bench)
app.add_typer(importing.app, name="import")
app.add_typer(territories.app, name="territories")
app.add_typer(places.app, name="places")
app.add_typer(demo.app, name="demo")
app.add_typer(accounts.app, name="accounts")
app.add_typer(training.app, name="training")
app.add_typer(alerts.app, name="alerts")
app.add_typer(log.app, name="log")
app.add_typer(history.app, name="history")
log.verify_app.command("history")(history.verify)
app.add_typer(log.verify_app, name="verify")


def main() -> NoReturn:
    """Run the command; an expected error is one line that says what to do next, and exit code 1."""
    # A command is run by whoever may run it on the machine. A server's requests begin with nobody's reach again.
    reach.enter(reach.system("a command"))
    try:
        app()
    except MarkazError as error:
        _fail(error.message)
    except ValidationError as error:
        first = error.errors()[0]
        name = "MARKAZ_" + "_".join(str(part) for part in first["loc"]).upper() if first["loc"] else ""
        _fail(f"{name} {first['msg']}".strip())
    sys.exit(0)


def _fail(message: str) -> NoReturn:
    print(f"markaz: {message}", file=sys.stderr)
    sys.exit(1)


if __name__ == "__main__":
    main()
