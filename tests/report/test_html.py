"""The page needs no network, is the same to the byte, leads to its records, and works in a real browser."""

import html
import json
import re
import shutil
import subprocess

import pytest

from gan_repro.experiments import chains
from gan_repro.experiments.record import Finding
from tests.factories.records import experiment, material, trial, trials

pytest.importorskip("plotly", reason="the extra html is not installed: pip install 'gan-repro[html]'")
pytest.importorskip("markdown_it", reason="the extra html is not installed: pip install 'gan-repro[html]'")

from gan_repro.report.html import page

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

PROBE = """
<script>
addEventListener('load', () => setTimeout(() => {
  const table = document.querySelector('#report table');
  const column = () => [...table.tBodies[0].rows].map((row) => row.cells[2].textContent.trim());
  const head = table.querySelectorAll('th')[2];
  head.click();
  const up = column();
  head.click();
  const down = column();
  const link = document.querySelector('#seeds td a');
  location.hash = link.getAttribute('href');
  setTimeout(() => {
    const plots = [...document.querySelectorAll('.plot')];
    const told = {
      up, down,
      drawn: plots.map((plot) => plot.querySelectorAll('.main-svg').length > 0),
      lines: plots.map((plot) => plot.querySelectorAll('.scatterlayer .trace').length),
      zoom: plots.every((plot) => plot.layout.dragmode === undefined || plot.layout.dragmode === 'zoom'),
      open: document.getElementById(link.getAttribute('href').slice(1)).open,
      fetched: performance.getEntriesByType('resource').filter((e) => !e.name.startsWith('data:')).length,
      wide: document.documentElement.scrollWidth > innerWidth,
    };
    document.body.innerHTML = '';
    document.body.textContent = 'TOLD' + JSON.stringify(told) + 'TOLD';
  }, 200);
}, 500));
</script>
"""


@pytest.fixture(scope="module")
def records():
    return [*trials("gan", [156.0, 160.0]), *trials("kmeans", [335.0]), *trials("dbn", [249.0, 251.0])]


@pytest.fixture(scope="module")
def text(records):
    return page(material(records, {"game-1d": experiment("game-1d", jsd_end=(0.0, 0.1))}))


def without_plotly(text):
    return re.sub(r"<script>/\*\*.*?</script>\n</head>", "</head>", text, count=1, flags=re.DOTALL)


def test_the_same_records_give_the_same_page(records, text):
    again = page(material(records, {"game-1d": experiment("game-1d", jsd_end=(0.0, 0.1))}))
    assert again == text
    assert len(text) < 8 * 2**20


def test_nothing_is_fetched(text):
    own = without_plotly(text)
    assert len(own) < len(text) - 2**20, "plotly's script stands in the page"
    assert not re.search(r"""(src|href)=["'](?!#|data:|https://arxiv\.org)""", own)
    assert "@import" not in own
    assert "url(" not in own


def test_every_link_within_the_page_has_its_place(text):
    own = without_plotly(text)
    places = set(re.findall(r"""\bid=["']([^"']+)""", own))
    assert set(re.findall(r"""href=["']#([^"']+)""", own)) <= places


def test_each_number_leads_to_its_seeds_and_their_records(records, text):
    own = without_plotly(text)
    assert "<a href='#cell-gan-as-published'>158.0 ± 2.0 *</a>" in own
    for record in records:
        assert f"<a href='#{record.spec.id}'>{record.score.log_likelihood}</a>" in own
        assert f"<details id='{record.spec.id}'>" in own


def test_chains_run_anew_lead_to_their_experiment(records):
    of_seed = {
        chains.published_name(chains.ONE_CHAIN, "dbn", seed, None): Finding(
            value=70.0 + seed, standard_error=1.0, over="test examples", unit="nats", n=100, what="made up"
        )
        for seed in (1, 2)
    }
    ids = tuple(r.spec.id for r in records if r.spec.model == "dbn")
    sampled = experiment(chains.NAME).model_copy(
        update={
            "findings": of_seed,
            "trial_ids": ids,
            "series": {chains.envelope_series(id): [] for id in ids},
        }
    )
    own = without_plotly(page(material(records, {chains.NAME: sampled})))
    assert "<a href='#experiment-chains'>71.0 ± 1.0</a>" in own
    shown = own.split("<details id='experiment-chains'>")[1].split("<pre>")[1].split("</pre>")[0]
    assert json.loads(html.unescape(shown))["findings"].keys() == of_seed.keys()


def test_claims_lead_to_what_decided_them(text):
    own = without_plotly(text)
    assert own.count("<a href='#claim-mnist-gan'>") >= 1
    assert own.count("<h2 id='claim-mnist-gan'>") == 1


def test_records_stand_in_the_page_whole_but_for_curves(records, text):
    shown = text.split(f"<details id='{records[0].spec.id}'>")[1].split("<pre>")[1].split("</pre>")[0]
    held = json.loads(html.unescape(shown))
    assert held["spec"]["config"] == records[0].spec.config
    assert "learning_curve" not in held


def test_curves_are_those_of_the_records(records, text):
    (plot,) = re.findall(r"data-plot='learning-mnist'>(.*?)</script>", text)
    lines = json.loads(plot)["data"]
    curve = [p.valid_mean for p in records[0].learning_curve if p.valid_mean is not None]
    assert curve in [line["y"] for line in lines]
    (plot,) = re.findall(r"data-plot='sigma-mnist'>(.*?)</script>", text)
    rings = [trace for trace in json.loads(plot)["data"] if trace["mode"] == "markers"]
    assert [ring["x"] for ring in rings] == [[r.score.sigma] for r in records]


def test_hostile_text_stays_text():
    bad = "</script><script>alert(1)</script><img src=x onerror=alert(1)>"
    failed = trial("gan", 1, 0.0).model_copy(update={"status": "error", "reason": bad, "candidates": {}})
    own = without_plotly(page(material([failed])))
    assert "<script>alert" not in own
    assert "<img src=x" not in own


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine (apt-get install chromium)")
def test_in_a_browser_tables_sort_curves_show_and_links_open(tmp_path, text):
    path = tmp_path / "page.html"
    path.write_text(text.replace("</body>", PROBE + "</body>"), encoding="utf-8")
    command = [
        CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1280,1600",
        "--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={tmp_path / 'profile'}",
        "--virtual-time-budget=60000", "--dump-dom", path.as_uri(),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    told = json.loads(html.unescape(done.stdout.split("TOLD")[1]))
    numbers = ["158.0 ± 2.0 *", "335.0 ± 1.5 °"]
    assert [cell for cell in told["up"] if cell[:1].isdigit()] == numbers
    assert [cell for cell in told["down"] if cell[:1].isdigit()] == numbers[::-1]
    assert told["drawn"] == [True, True]
    assert all(count > 0 for count in told["lines"])
    assert told["open"]
    assert told["zoom"]
    assert told["fetched"] == 0
    assert not told["wide"]
