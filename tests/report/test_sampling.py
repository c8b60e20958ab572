"""The score against chains and burn-in is that of the experiment, or of the search before it."""

from gan_repro.experiments import chains
from gan_repro.report.sampling import sampling
from gan_repro.search.log import SearchLog, Tried
from tests.factories.records import experiment, material, table_rows, trials


def test_the_experiment_is_told_as_means_with_convergence():
    trained = trials("dbn", [240.0, 250.0])

    def points(score, r_hat):
        return [[1, 5, 0.0, score, 0.0, 0.0, 1.5, 9.0], [100, 25, 0.0, 2 * score, 0.0, 0.0, r_hat, 9.0]]

    series = {
        chains.envelope_series(trained[0].spec.id): points(100.0, 1.001),
        chains.envelope_series(trained[1].spec.id): points(110.0, 1.002),
    }
    made = experiment(chains.NAME).model_copy(
        update={"series": series, "trial_ids": tuple(record.spec.id for record in trained)}
    )
    text = sampling(material(trained, {chains.NAME: made}))
    rows = table_rows(text)
    assert "the size is never less than one a chain, by construction" in " ".join(text.split())
    assert "None of the others has converged." not in " ".join(text.split())
    assert rows["1"] == ["5", "105.0 (1.50, 9)", "", ""]
    assert rows["100"] == ["25", "210.0 (1.00, 9) ✓", "", ""]


def test_of_chains_with_one_state_each_nothing_is_said():
    trained = trials("gsn", [240.0])
    series = {chains.envelope_series(trained[0].spec.id): [[10_000, 5, 0.0, 235.0, 0.0, 0.0, -1, -1]]}
    made = experiment(chains.NAME).model_copy(update={"series": series, "trial_ids": (trained[0].spec.id,)})
    text = sampling(material(trained, {chains.NAME: made}))
    assert table_rows(text)["10,000"] == ["5", "", "", "235.0"]
    assert "None of the others has converged." in " ".join(text.split())


def test_before_it_the_search_speaks():
    tried = Tried(settings={"chains": 1000, "burn_in": 25}, valid_mean=194.17, sigma=0.2, seconds=1.0)
    log = SearchLog(
        model="cae", model_version=1, dataset="mnist", data_sha256="0", seed=9, n_samples=10_000, common={},
        chains=(tried,),
    )  # fmt: skip
    text = sampling(material(searches={"cae": log}))
    assert table_rows(text)["1,000"] == ["25", "", "194.2", ""]
    assert "not measured" in text


def test_without_either_there_is_no_section():
    assert sampling(material()) == ""
