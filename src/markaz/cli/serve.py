"""`markaz serve`: bring the database up, migrate an empty centre, and serve until told to stop."""

import asyncio
import socket
import sys
from collections.abc import Callable

import uvicorn
import uvloop

from markaz.cli.entering import migrated
from markaz.cli.live import refuse_unready
from markaz.core import training, trial
from markaz.core.db.embedded import DatabaseAccess, running_database
from markaz.core.db.pool import Database
from markaz.core.errors import NotPossibleNow
from markaz.core.in_force import in_force, note_in_force
from markaz.core.memory import keep_for_good
from markaz.core.retention import load_governance
from markaz.core.settings import Settings
from markaz.core.territories import ensure_root
from markaz.demo.building import Login, build_demo, is_demo
from markaz.demo.driving import run_traffic
from markaz.kit.clock import SystemClock
from markaz.web.app import STATIC, create_app
from markaz.web.centre import Centre, open_centre
from markaz.web.logs import configure
from markaz.web.protocol import BoundedHttp
from markaz.web.stream import drop_stalled

GRACE_S = 3  # a stopping server lets commands under way finish; streams are ended at once


def serve() -> None:
    """Serve the centre of MARKAZ_HOME on MARKAZ_HOST and MARKAZ_PORT."""
    serve_centre(Settings())


def serve_centre(settings: Settings) -> None:
    """Serve the centre of these settings until told to stop."""
    configure(settings.log_level)
    _say(f"starting the database of {settings.home} ...")
    with running_database(settings) as access:
        before, after = migrated(access)
        if before != after:
            _say(f"the schema is at revision {after}")
        logins = _prepare(settings, access)
        listener = _listen(settings)
        host, port = listener.getsockname()[:2]
        try:
            # The runner makes the loop; what uvicorn's own setting says counts only when uvicorn runs itself.
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(_serve(settings, access, listener, f"http://{host}:{port}", logins))
        finally:
            listener.close()


def _prepare(settings: Settings, access: DatabaseAccess) -> list[Login]:
    logins = []
    if settings.demo:
        logins = asyncio.run(build_demo(settings, access.app_dsn, say=_say))
    else:
        asyncio.run(_ensure_root(settings, access.app_dsn))
    asyncio.run(_say_what_is_in_force(settings, access.app_dsn))
    return logins


async def _ensure_root(settings: Settings, dsn: str) -> None:
    database = await Database.open(dsn, max_size=1)
    try:
        async with database.transaction() as connection:
            if await is_demo(connection):
                raise NotPossibleNow(
                    "This centre holds the demo, whose passwords are well known: serve it with MARKAZ_DEMO=1, "
                    "or set MARKAZ_HOME to another folder."
                )
            await training.check(connection, is_meant=settings.training, is_loopback=settings.is_loopback)
            await ensure_root(connection)
            await refuse_unready(connection, settings)
            if not settings.training:
                await trial.mark(connection, SystemClock().now(), is_trial=settings.trial)
    finally:
        await database.close()


async def _say_what_is_in_force(settings: Settings, dsn: str) -> None:
    database = await Database.open(dsn, max_size=1)
    try:
        async with database.transaction() as connection:
            governance = load_governance(settings.home, settings.governance)
            await note_in_force(connection, SystemClock().now(), in_force(governance))
    finally:
        await database.close()


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # Named as TCP, so that every event loop turns Nagle's algorithm off on what it accepts.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        print(
            f"markaz: {settings.host}:{settings.port} cannot be used ({error.strerror}): "
            "stop what listens there or set MARKAZ_PORT.",
            file=sys.stderr,
        )
        raise SystemExit(1) from error
    drop_stalled(listener)
    listener.listen(1024)
    return listener


class _Server(uvicorn.Server):
    """Says when it is ready, and ends the streams when told to stop; they would keep it waiting for ever."""

    def __init__(self, config: uvicorn.Config, centre: Centre, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._centre = centre
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        await super().startup(sockets)
        keep_for_good()
        self._announce()

    def handle_exit(self, sig: int, frame: object) -> None:
        """Take a signal."""
        self._centre.hub.shut()
        super().handle_exit(sig, frame)  # type: ignore[arg-type]


async def _serve(
    settings: Settings, access: DatabaseAccess, listener: socket.socket, address: str, logins: list[Login]
) -> None:
    centre = await open_centre(settings, access.app_dsn, SystemClock())
    config = uvicorn.Config(
        create_app(centre),
        http=BoundedHttp,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_S,
        timeout_keep_alive=30,
        backlog=1024,
    )
    server = _Server(config, centre, lambda: _announce(address, logins))
    traffic = (
        asyncio.create_task(run_traffic(centre.spine, centre.desk, centre.positions))
        if _has_traffic(settings)
        else None
    )
    try:
        await server.serve(sockets=[listener])
    finally:
        if traffic is not None:
            traffic.cancel()
            await asyncio.gather(traffic, return_exceptions=True)
        await centre.database.close()


def _has_traffic(settings: Settings) -> bool:
    return settings.demo and settings.demo_traffic


def _announce(address: str, logins: list[Login]) -> None:
    if not (STATIC / "index.html").exists():
        _say("the console is not built: only the API is served (run `make run`, or `npm run build` in console/)")
    _say(f"Markaz listens at {address}")
    if logins:
        _say("DEMO: everything is synthetic. Log-ins (only from this machine):")
        for login in logins:
            _say(f"  {login.login:<12} {login.password:<16} {login.what}")
    _say("Press Ctrl+C to stop.")


def _say(line: str) -> None:
    print(line, flush=True)
