"""The bounds of the nets' likelihood stand in details, report and JSON, and say what has none."""

import json

from gan_repro.experiments.record import Finding
from gan_repro.experiments.true_likelihood import finding_name
from gan_repro.report import measures, printed
from gan_repro.tables.collect import recorded_table
from gan_repro.tables.likelihood import likelihoods
from gan_repro.tables.render import render, render_details
from tests.factories.records import experiment, material, trials

VALUES = {
    "lower_gan_1": 320.04,
    "own_lower_gan_1": 400.0,
    "own_upper_gan_1": 409.0,
    "gap_gan_1": 9.0,
    "sigma_gan_1": 0.1318,
    "lower_gan_2": 300.0,
    "lower_dbn_1": -90.0,
    "lower_dbn_3": -80.0,
}


def recorded(dataset="mnist"):
    findings = {
        name: Finding(value=value, standard_error=0.5, over="images", unit="nats", n=100, what="made up")
        for name, value in VALUES.items()
    }
    changes = {"settings": {"dataset": dataset}, "seeds": (2, 1), "findings": findings}
    return {"true-likelihood": experiment("true-likelihood").model_copy(update=changes)}


def test_each_net_has_a_row_with_what_it_has():
    found = likelihoods((), recorded(), "mnist")
    assert [(each.row, each.seed) for each in found] == [("gan", 2), ("gan", 1), ("dbn", 1)]
    assert found[0].findings.keys() == {"lower"}
    assert found[1].findings.keys() == {"lower", "own_lower", "own_upper", "gap", "sigma"}
    assert finding_name("lower", "gan_1") in VALUES


def test_details_report_and_json_show_the_bounds():
    table = recorded_table(trials("gan", [160.0]), "mnist", recorded())
    details = render_details(table)
    assert "density nobody can" in details
    assert json.loads(render(table, "json"))["likelihoods"][1]["findings"]["gap"]["value"] == 9
    text = printed.report(material(trials("gan", [160.0]), recorded()))
    section = text.split("## The likelihood that Parzen windows estimate")[1]
    rows = [line for line in section.splitlines() if line.startswith("| Adversarial nets")]
    cells = [cell.strip() for cell in rows[1].strip("|").split("|")]
    assert cells[1:] == ["1", "0.132", "320.0 ± 0.5", "", "", "400.0 ± 0.5", "409.0 ± 0.5", "9.0 ± 0.5"]
    assert "-90.0 ± 0.5" in next(line for line in section.splitlines() if line.startswith("| DBN"))


def test_a_net_that_was_cut_short_is_marked_and_told_of():
    """Where the first table has longer trainings, the report says how long these were."""
    short, long = trials("gan", [160.0]), trials("gan", [222.0], preset="paper")
    made = recorded()["true-likelihood"].model_copy(update={"trial_ids": (short[0].spec.id,)})
    text = printed.report(material([*short, *long], {"true-likelihood": made}))
    section = text.split("## The likelihood that Parzen windows estimate")[1].split("\n## ")[0]
    names = [line.split("|")[1].strip() for line in section.splitlines() if line.startswith("| Adv")]
    assert names == ["Adversarial nets", "Adversarial nets *"], "seed 2, of which there is no trial, and 1"
    assert "*: a net that is smaller or trained for less than the reference's." in section
    assert "trained here for 100 epochs (seed 1), in the first table for 2,000 epochs (seed 1)." in section
    same = printed.report(material(short, {"true-likelihood": made}))
    assert "trained here for" not in same
    whole = made.model_copy(update={"trial_ids": (long[0].spec.id,)})
    assert "*: a net" not in printed.report(material(long, {"true-likelihood": whole}))


def test_without_a_record_of_the_data_set_nothing_is_said():
    assert likelihoods((), {}, "mnist") == ()
    assert likelihoods((), recorded("digits"), "mnist") == ()
    assert measures.likelihood(material()) == ""
    assert "likelihoods" not in json.loads(render(recorded_table([], "mnist"), "json"))
