"""The form of a benchmark's figure, which later benchmarks and whoever reads them rely on. Nothing is measured here."""

from pathlib import Path

import orjson
import pytest

from markaz.cli import bench as command
from markaz.core.errors import InvalidInput, NotPossibleNow

figures = command._from_checkout("bench.figures")


def test_a_figure_is_one_line_of_json_with_the_agreed_names() -> None:
    figure = figures.compared("duty.command", "ms CPU", [3.0, 4.0, 9.0], [1.0, 2.0, 3.0], target=6.0)
    assert orjson.loads(figures.line(figure)) == {
        "name": "duty.command",
        "ours": 4.0,
        "yardstick": 2.0,
        "ratio": 3.0,
        "target": 6.0,
        "unit": "ms CPU",
        "runs": 3,
        "spread": [2.0, 3.0],
    }


def test_the_ratio_is_the_median_of_the_pairs_not_the_ratio_of_medians() -> None:
    figure = figures.compared("x.y", "ms", [10.0, 1.0, 1.0], [1.0, 1.0, 10.0])
    assert (figure.ratio, figure.ours, figure.yardstick) == (1.0, 1.0, 1.0)


def test_a_target_bounds_the_ratio_or_else_ours() -> None:
    assert figures.compared("x.y", "ms", [3.0], [1.0], target=3.0).is_met is True
    assert figures.compared("x.y", "ms", [3.1], [1.0], target=3.0).is_met is False
    assert figures.alone("x.y_p99_ms", "ms", [151.0], target=150.0).is_met is False
    assert figures.alone("x.y", "ms", [151.0]).is_met is None


def test_a_figure_without_a_yardstick_has_null_there_and_its_own_spread() -> None:
    told = orjson.loads(figures.line(figures.alone("x.bytes", "bytes", [1.0, 2.0, 5.0])))
    assert (told["yardstick"], told["ratio"], told["target"], told["spread"]) == (None, None, None, [1.0, 5.0])


def test_outside_a_checkout_the_command_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(command, "CHECKOUT", tmp_path)
    with pytest.raises(NotPossibleNow, match="checkout"):
        command.bench("duty")


def test_an_unknown_benchmark_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InvalidInput, match="duty, stream, import"):
        command.bench("speed")
