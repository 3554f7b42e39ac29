"""The work of `calibration`: do a searcher's predicted intervals cover the true scores, also of the selected archs?"""

import argparse
from collections.abc import Sequence

from harness.experiment.overwriting import check_outputs
from harness.explain.calibration import coverages, described, frame, judged, markdown, records
from harness.explain.reading import Explained, metric_of, read_run
from harness.show.render import csv
from pmfnas.files import write_text
from pmfnas.progress import tracked


def _figure(runs: Sequence[Explained]) -> str:
    """Return what is predicted: the accuracy, or the score that stands for the metric of one's own."""
    metric = metric_of(runs[0].header)
    return "accuracy" if metric is None else f"the score that stands for {metric.name}"


def run(options: argparse.Namespace) -> int:
    """Print the coverages of an experiment's records."""
    if options.out is not None:
        check_outputs({"--out": options.out}, {"DIR": options.folder}, own=("calibration*",))
    paths = records(options.folder, options.datasets, options.searchers, options.n_seeds)
    runs = [read_run(path) for path in tracked(paths, "reading", total=len(paths), unit="run")]
    rows = coverages(judged(runs), noise_pct=options.noise_pct)
    if options.csv:
        text = csv(frame(rows))
    else:
        text = f"# Do the intervals hold?\n\n{described(runs, options.noise_pct)}\n\n{markdown(rows, of=_figure(runs))}"
    print(text, end="")
    if options.out is not None:
        write_text(options.out, text)
    return 0
