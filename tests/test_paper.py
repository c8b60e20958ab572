"""The printed numbers, held against the sources that the first three rows were copied from."""

import pytest

from gan_repro import paper


@pytest.mark.parametrize(
    ("model", "dataset", "value", "error"),
    [
        # Bengio, Mesnil, Dauphin, Rifai, ICML 2013, Table 1, before rounding.
        ("dbn", "mnist", 137.89, 2.11),
        ("dbn", "tfd", 1908.80, 65.94),
        ("cae", "mnist", 121.17, 1.59),
        ("cae", "tfd", 2110.09, 49.15),
        # Bengio, Thibodeau-Laufer, Alain, Yosinski, ICML 2014, Table 1 and supplement C.
        ("gsn", "mnist", 214, 1.1),
        ("gsn", "tfd", 1890, 29),
        # The paper's own.
        ("gan", "mnist", 225, 2),
        ("gan", "tfd", 2057, 26),
    ],
)
def test_the_copied_rows_are_the_sources_rounded(model, dataset, value, error):
    printed = paper.printed(model, dataset)
    assert printed.value == pytest.approx(value, abs=0.5)
    # 49.15 stands as 50 in the table: the one rounding that is off.
    assert printed.standard_error == pytest.approx(error, abs=0.9)
    assert printed.over == ("test examples" if dataset == "mnist" else "folds")


def test_bold_as_printed():
    bold = {(row.model, dataset) for row in paper.TABLE_1 for dataset in row.bold}
    assert bold == {("gan", "mnist"), ("gan", "tfd"), ("cae", "tfd")}


def test_nothing_is_printed_for_other_rows_or_data_sets():
    assert paper.printed("kmeans", "mnist") is None
    assert paper.printed("gan", "fer2013") is None
