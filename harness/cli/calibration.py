"""The work of `calibration`: do the intervals hold that a searcher predicted, also for what it selected?"""

import argparse

from harness.experiment.overwriting import check_outputs
from harness.explain.calibration import coverages, described, frame, judged, markdown, records
from harness.explain.reading import read_run
from harness.show.render import csv
from pmfnas.files import write_text
from pmfnas.progress import tracked


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
        text = f"# Do the intervals hold?\n\n{described(runs, options.noise_pct)}\n\n{markdown(rows)}"
    print(text, end="")
    if options.out is not None:
        write_text(options.out, text)
    return 0
