"""A row is one entry: its model, its settings by kind of images, its label and its style."""

from __future__ import annotations

import pytest

from gan_repro import models, paper
from gan_repro.trials import rows
from gan_repro.trials.rows import ROWS, Row


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_its_settings_are_those_of_its_model(row: Row) -> None:
    for kind in row.settings:
        models.model_class(row.model).Config(**row.settings_for(kind))


def test_the_printed_rows_carry_the_papers_labels() -> None:
    assert {row.name: row.label for row in ROWS.values() if row.name in paper.LABELS} == paper.LABELS


def test_rows_of_one_table_are_drawn_apart() -> None:
    for dataset in ("mnist", "tfd", "cifar10"):
        styles = [
            rows.style(name) for name in rows.names(dataset) if ROWS[name].model in ("gan", "dbn", "gsn")
        ]
        assert len(set(styles)) == len(styles), dataset


def test_a_row_need_not_have_a_style_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    row = Row(name="own", model="gan", label="Own", settings={"digits": {}})
    monkeypatch.setattr(rows, "ROWS", {**ROWS, "own": row})
    assert rows.style("own") is None
    assert rows.style("no row at all") is None


@pytest.mark.parametrize("minutes", [0, -1, float("nan"), float("inf")])
def test_a_row_takes_some_minutes(minutes: float) -> None:
    with pytest.raises(ValueError, match="minutes"):
        Row(name="own", model="gan", label="Own", settings={"digits": {}}, minutes=minutes)


def test_an_unknown_row_is_refused_with_those_like_it() -> None:
    with pytest.raises(ValueError, match="did you mean gan"):
        rows.get_row("gam")
    with pytest.raises(ValueError, match="known rows: dbn, cae"):
        rows.get_row("zzz")


def test_a_row_has_no_settings_where_it_has_no_place() -> None:
    with pytest.raises(ValueError, match="row dbn has no place in the table of cifar10"):
        ROWS["dbn"].reference_settings("cifar10")
