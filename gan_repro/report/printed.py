"""What is printed from the records: REPORT.md and its pages, the tables beside the records and in README.md.

The published record has its report and the README beside its folder. The report of a folder of one's own lies
in it.

No clock, no machine: the same bytes every time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from gan_repro.experiments.record import ExperimentRecord
from gan_repro.experiments.results import Results, load_results
from gan_repro.report import (
    claims,
    endings,
    errors,
    experiments,
    front,
    measures,
    methods,
    others,
    sampling,
    standings,
    training,
    variants,
)
from gan_repro.search.log import SearchLog, log_path, read_log
from gan_repro.tables.collect import Placed, recorded_table
from gan_repro.tables.files import recorded_files
from gan_repro.tables.render import first_table
from gan_repro.tables.table import PRINTED_ROWS, Table, headline, table_name
from gan_repro.trials.presets import FULL_SIZE
from gan_repro.trials.records import TrialRecord
from gan_repro.util.folders import RESULTS, is_published
from gan_repro.verdicts.controls.base import Control
from gan_repro.verdicts.controls.kept import read_kept
from gan_repro.verdicts.evidence import TABLE_1_DATASETS, Evidence
from gan_repro.verdicts.judge import Verdict, judge

README = "README.md"
README_TABLE = re.compile(
    r"(?P<head><!-- recorded(?: (?P<dataset>[\w-]+))? -->\n).*?(?P<tail>\n<!-- /recorded -->)", re.DOTALL
)
_REPORT, _PAGES_FOLDER = "REPORT.md", "report"


@dataclass(frozen=True)
class Material:
    """The records of a results folder, put where they stand, and what is computed from all of them."""

    results: Results
    searches: Mapping[str, SearchLog]
    """On MNIST, by row."""
    pictures: tuple[str, ...]
    """The names of the figures in the folder."""
    damaged: tuple[str, ...] = ()
    """What could not be read, a sentence each."""
    controls: tuple[Control, ...] = ()
    """What the rules answered to cases whose answer is known, as it was kept."""

    @classmethod
    def read(cls, folder: Path) -> Material:
        """Read a results folder, each record of it once.

        Raises:
            ValueError: there is no such folder. A damaged file raises nothing: it stands in `damaged`.
        """
        return cls.of(load_results(folder))

    @classmethod
    def of(cls, results: Results) -> Material:
        """Read what stands beside the records: the logs of the searches, and which figures there are."""
        searches, damaged = {}, [str(problem) for problem in results.problems]
        for row in PRINTED_ROWS:
            path = log_path(results.folder, row, "mnist")
            if path.exists():
                try:
                    searches[row] = read_log(path)
                except ValueError as error:
                    damaged.append(str(error))
        try:
            controls = read_kept(results.folder)
        except ValueError as error:
            controls = ()
            damaged.append(str(error))
        pictures = sorted(path.name for path in (results.folder / "figures").glob("*.png"))
        return cls(results, searches, tuple(pictures), tuple(damaged), controls)

    @property
    def name(self) -> str:
        """What texts call the folder: the published record is always called `results`."""
        folder = self.results.folder
        return str(RESULTS) if is_published(folder) else folder.resolve().name

    @cached_property
    def trials(self) -> tuple[TrialRecord, ...]:
        """The trials that are counted: those of the presets at the references' sizes."""
        return tuple(r for r in self.results.trials if r.provenance.preset in FULL_SIZE)

    @property
    def experiments(self) -> Mapping[str, ExperimentRecord]:
        """By name."""
        return self.results.experiments

    @cached_property
    def placed(self) -> Placed:
        """The counted trials by data set, row and preset."""
        return Placed(self.trials)

    @cached_property
    def datasets(self) -> tuple[str, ...]:
        """The data sets that counted trials are recorded on, those of Table 1 first."""
        names = {record.spec.data.name for record in self.trials}
        return tuple(sorted(names, key=lambda name: (name not in TABLE_1_DATASETS, name)))

    @cached_property
    def tables(self) -> Mapping[str, Table]:
        """The tables of Table 1's data sets, recorded or not, and of every other that has counted trials."""
        names = dict.fromkeys([*TABLE_1_DATASETS, *map(table_name, self.datasets)])
        return {name: recorded_table(self.placed, name, self.experiments) for name in names}

    @cached_property
    def verdicts(self) -> Mapping[str, Verdict]:
        """By claim."""
        evidence = Evidence(self.trials, self.experiments)
        return {verdict.claim: verdict for verdict in judge(evidence)}


Section = Callable[[Material], str]

SECTIONS: tuple[Section, ...] = (
    front.front,
    claims.claims,
    errors.errors,
    measures.quality,
    measures.likelihood,
    sampling.sampling,
    training.training,
    others.protocol,
    others.other_tables,
    others.missing,
)
"""Of REPORT.md, in their order."""

PAGES: Mapping[str, tuple[str, Section]] = {
    "claims": ("What decided each claim, and which records", claims.claim_details),
    "training": ("What our stopping rule chose, and what it cut off", endings.training_details),
    "variants": ("Variants of the adversarial nets' recipe", variants.variants),
    "experiments": ("The findings of the experiments", experiments.experiments),
    "standings": ("Where a score stands: ceilings, floors and later numbers", standings.standings),
    "deviations": ("Deviations from the references", methods.deviations),
    "trials": ("Every trial, and the commands that run it again", methods.trials),
    "figures": ("Figures", methods.figures),
}
"""By name, a page's title and what writes it."""


def printed(material: Material) -> dict[Path, str]:
    """By path, the text that the records give each file: README.md only if it is there."""
    folder, texts = material.results.folder, recorded_files(material.results)
    root, whole = folder.resolve().parent, report(material)
    if is_published(folder):
        readme = root / README
        if readme.exists():
            texts[readme] = _with_tables(material, readme.read_text(encoding="utf-8"))
        texts[root / _REPORT] = whole
    else:
        # Its links lead into the published folder; from within one's own they begin one folder further down.
        texts[folder / _REPORT] = whole.replace(f"]({RESULTS}/", "](").replace(f"[{RESULTS}/", "[")
    for name, text in pages(material).items():
        texts[folder / _PAGES_FOLDER / f"{name}.md"] = text
    return texts


def report(material: Material) -> str:
    """REPORT.md, whole."""
    sections = [section(material) for section in SECTIONS]
    titles = {name: title for name, (title, _) in _pages(material).items()}
    links = [f"- [{title}]({RESULTS}/{_PAGES_FOLDER}/{name}.md)" for name, title in titles.items()]
    return _joined([*sections, "## More\n\n" + "\n".join(links)])


def pages(material: Material) -> dict[str, str]:
    """By name, each page behind it that has something to say."""
    return {name: _joined([f"# {title}", text]) for name, (title, text) in _pages(material).items()}


def _pages(material: Material) -> dict[str, tuple[str, str]]:
    written = {name: (title, section(material)) for name, (title, section) in PAGES.items()}
    return {name: page for name, page in written.items() if page[1]}


def _joined(sections: list[str]) -> str:
    return "\n\n".join(section.strip() for section in sections if section) + "\n"


def _with_tables(material: Material, readme: str) -> str:
    """README.md with the main rows of a data set's table between each pair of marks.

    The marks are <!-- recorded --> (or <!-- recorded DATASET -->) and <!-- /recorded -->.
    """

    def table(block: re.Match[str]) -> str:
        recorded = recorded_table(material.placed, block["dataset"] or "mnist", material.experiments)
        return block["head"] + first_table(headline(recorded)) + block["tail"]

    return README_TABLE.sub(table, readme)
