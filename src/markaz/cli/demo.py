"""`markaz demo`: build the synthetic centre without serving it."""

import asyncio

import typer

from markaz.cli.entering import migrated
from markaz.core.db.embedded import running_database
from markaz.core.settings import Settings
from markaz.demo.building import build_demo

app = typer.Typer(help="The synthetic demo centre.", no_args_is_help=True)


@app.callback()
def demo() -> None:
    """Hold the sub-commands; with one only, typer would leave its name out."""


@app.command("build")
def build() -> None:
    """Build the demo of MARKAZ_DEMO_SCALE into the empty centre of MARKAZ_HOME, or complete a half-built one."""
    settings = Settings()
    with running_database(settings) as access:
        migrated(access)
        logins = asyncio.run(build_demo(settings, access.app_dsn, say=typer.echo))
    for login in logins:
        typer.echo(f"{login.login:<12} {login.password:<16} {login.what}")
    typer.echo("Serve it with MARKAZ_DEMO=1 markaz serve: the passwords are well known, so on this machine only.")
