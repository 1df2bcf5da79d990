"""What a log line holds: never where a unit is."""

import logging
from collections.abc import Iterator

import httpx
import pytest

from markaz.kit.geometry import Point
from markaz.programmes.incidents.dispatch.routing import Osrm
from markaz.web.logs import configure


@pytest.fixture
def as_before() -> Iterator[None]:
    names = ("", "httpx", "httpcore", "uvicorn.access")
    loggers = [logging.getLogger(name) for name in names]
    kept = [(logger, logger.level, list(logger.handlers), logger.disabled) for logger in loggers]
    yield
    for logger, level, handlers, disabled in kept:
        logger.setLevel(level)
        logger.handlers[:] = handlers
        logger.disabled = disabled


@pytest.mark.parametrize("level", ["INFO", "DEBUG"])
async def test_asking_a_road_server_leaves_no_position_in_the_log(
    level: str, as_before: None, capsys: pytest.CaptureFixture[str]
) -> None:
    configure(level)

    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"code": "Ok", "durations": [[60.0]]})

    async with httpx.AsyncClient(base_url="http://roads/", transport=httpx.MockTransport(answer)) as client:
        assert await Osrm().seconds(client, [Point(69.123456, 41.654321)], Point(69.2, 41.3)) == [60.0]
    logging.getLogger("markaz").info("a line")
    said = capsys.readouterr().err
    assert "a line" in said
    assert "69.123456" not in said
