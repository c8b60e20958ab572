"""The section on the authors' variants says what the search's log and the learning curves say."""

import re
from pathlib import Path

from gan_repro.experiments.record import Finding
from gan_repro.experiments.update_order import RECIPES
from gan_repro.report.experiments import experiments
from gan_repro.report.variants import VARIANT_ROWS, variants
from gan_repro.search.log import SearchLog, Tried, log_path, read_log
from gan_repro.search.space import SPACES
from gan_repro.trials.records import CurvePoint
from gan_repro.trials.rows import ROWS
from tests.factories.records import experiment, material, table_rows, trial, trials

RECORDED = Path(__file__).parents[2] / "results"


def log(*scores):
    tried = tuple(
        Tried(settings={"learning_rate": number / 10}, valid_mean=score, sigma=0.2, seconds=1.0)
        for number, score in enumerate(scores, start=1)
    )
    return SearchLog(
        model="gan", model_version=1, dataset="mnist", data_sha256="0", seed=9, n_samples=10_000,
        common={"epochs": 3}, tried=tried,
    )  # fmt: skip


SEARCHES = {"gan": log(10.0, 25.5, None)}


def told(*records, **options):
    return variants(material(records, searches=SEARCHES, **options))


def curve(row, seed, values):
    points = tuple(
        CurvePoint(epoch=epoch, losses={}, learning_rate=0.1, valid_mean=value, sigma=0.2)
        for epoch, value in values.items()
    )
    return trial(row, seed, 100.0).model_copy(update={"learning_curve": points})


def test_candidates_stand_beside_the_released_recipe():
    text = told()
    assert "after 3 epochs from seed 9" in text
    assert table_rows(text)["learning rate 0.1"] == ["10.0", ""]
    assert table_rows(text)["learning rate 0.2"] == ["25.5", "+15.5"]
    assert table_rows(text)["learning rate 0.3"] == ["diverged", ""]
    assert "gan-searched" not in text


def test_the_best_is_followed_on_beside_the_same_seed():
    released = curve("gan", 1, {5: 10.0, 10: 20.0, 30: 40.0, 40: 50.0, 100: 90.0})
    searched = curve("gan-searched", 1, {5: 30.0, 10: 45.0, 30: 60.0, 40: 48.0})
    unpaired = curve("gan-searched", 2, {5: 1.0})
    table = table_rows(told(released, searched, unpaired))
    assert table["Epochs"] == ["Seed 1"], "no mean of one"
    assert table["40"] == ["48.0 (-2.0)"]
    assert table["10"] == ["45.0 (+25.0)"]
    assert "30" not in table, "only what halves the last"


def test_leads_are_averaged_over_the_seeds_that_have_them():
    released = [curve("gan", seed, {5: 10.0, 10: 20.0}) for seed in (1, 2)]
    searched = [curve("gan-searched", 1, {5: 14.0, 10: 23.0}), curve("gan-searched", 2, {5: 12.0})]
    table = table_rows(told(*released, *searched))
    assert table["Epochs"] == ["Seed 1", "Seed 2", "Mean lead, ± over seeds"]
    assert table["5"] == ["14.0 (+4.0)", "12.0 (+2.0)", "3.0 ± 1.0"]
    assert table["10"] == ["23.0 (+3.0)", "", "3.0"]


def test_every_variant_has_a_table_of_its_own():
    released = curve("gan", 1, {5: 10.0, 10: 20.0})
    noise, alternating = (curve(f"gan-{name}", 1, {10: 22.0}) for name in ("gaussian-noise", "alternating"))
    text = told(released, noise, alternating)
    _, of_noise, of_alternating = re.split(r"Adversarial nets, .* \(`gan-.*`\):", text)
    for part in (of_noise, of_alternating):
        assert {k: v for k, v in table_rows(part).items() if k.isalnum()} == {
            "Epochs": ["Seed 1"],
            "10": ["22.0 (+2.0)"],
        }
    # What goes on without early stopping is the released recipe itself.
    on = trial("gan-no-early-stopping", 1, 100.0, preset="paper")
    on = on.model_copy(update={"learning_curve": released.learning_curve})
    assert "no early stopping" not in told(released, on)


def test_the_order_of_the_steps_is_told_recipe_by_recipe():
    finding = {"unit": "nats", "over": "training seeds", "n": 3}
    found = {
        f"{name}_{recipe}": Finding(value=100.0 * i + j, standard_error=j + 0.5, what="made up", **finding)
        for i, recipe in enumerate(RECIPES, start=1)
        for j, name in enumerate(("likelihood", "discriminator", "diversity", "slope"))
    }
    found["order_effect"] = Finding(value=-250.0, interval=(-300, -200), what="after minus before", **finding)
    found["randomness_effect"] = Finding(value=9.0, interval=(-5, 23), what="own minus common", **finding)
    record = experiment("update-order").model_copy(update={"settings": {"epochs": 7}, "findings": found})
    text = told(experiments={"update-order": record})
    assert "after 7 epochs" in text
    rows = [line.split(" | ") for line in text.split("`update-order`")[1].splitlines() if " ± " in line]
    assert [row[2].strip() for row in rows[1:]] == ["100 ± 0.5", "200 ± 0.5", "300 ± 0.5", "400 ± 0.5"]
    assert [cell.strip(" |") for cell in rows[1][3:]] == ["101 ± 1.5", "102 ± 2.5", "103 ± 3.5"]
    assert "- After minus before: -250 nats, 95 % interval [-300, -200] over training seeds (n = 3)." in text
    assert "- Own minus common: 9 nats" in text
    assert "update-order" not in experiments(material(experiments={"update-order": record}))


def test_collapses_are_counted_recipe_by_recipe():
    share = Finding(
        value=0.25, interval=(0.05, 0.7), unit="share", over="training seeds", n=4, what="made up"
    )
    record = experiment("collapse-rates").model_copy(
        update={
            "settings": {"epochs": 10, "dataset": "mnist"},
            "seeds": (1, 2, 3, 4),
            "findings": {"gan-alternating": share},
            "series": {"gan-alternating": [[s, spread] for s, spread in enumerate((0.9, 0.1, 1, 0.8), 1)]},
        }
    )
    text = told(experiments={"collapse-rates": record})
    assert "Of 4 trainings of each recipe, at full size, 10 epochs" in text
    row = next(line for line in text.splitlines() if "1 of 4" in line)
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells == ["Adversarial nets, alternating updates", "1 of 4", "5% to 70%", "0.10 to 1.00"]
    assert "collapse-rates" not in experiments(material(experiments={"collapse-rates": record}))


def test_rows_of_variants_are_candidates_of_the_search():
    for name in VARIANT_ROWS:
        assert ROWS[name].settings["digits"] in SPACES["gan"].candidates


def test_collapsed_seeds_are_marked_and_enter_no_mean_lead():
    released = [curve("gan", seed, {10: 20.0}) for seed in (1, 2, 3)]
    low = trial("gan-gaussian-noise", 1, -300.0).model_copy(
        update={"learning_curve": curve("gan", 1, dict.fromkeys(range(1, 11), -300.0)).learning_curve}
    )
    others = [curve("gan-gaussian-noise", seed, {10: 22.0 + seed}) for seed in (2, 3)]
    table = table_rows(told(*released, low, *others, *trials("gaussian", [-150.0])))
    assert table["Epochs"] == ["Seed 1 ✗", "Seed 2", "Seed 3", "Mean lead, ± over seeds"]
    assert table["10"][-1] == "4.5 ± 0.5"


def test_without_a_log_there_is_no_section():
    assert variants(material()) == ""


def test_the_recorded_log_is_told_candidate_for_candidate():
    log = read_log(log_path(RECORDED, "gan", "mnist"))
    rows = table_rows(variants(material(searches={"gan": log})))
    assert rows["update alternating"] == ["-303.3", "-329.3"]


def test_a_variant_stands_beside_its_own_preset():
    """A longer training of the same seed may be of another machine, and so another training."""
    released = curve("gan", 1, {5: 10.0, 10: 20.0})
    longer = trial("gan", 1, 220.0, preset="paper").model_copy(
        update={"learning_curve": curve("gan", 1, {5: 15.0, 10: 40.0, 20: 60.0}).learning_curve}
    )
    searched = curve("gan-searched", 1, {5: 30.0, 10: 45.0})
    assert table_rows(told(longer, released, searched))["10"] == ["45.0 (+25.0)"]
    assert table_rows(told(longer, searched))["10"] == ["45.0 (+5.0)"]
