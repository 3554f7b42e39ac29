"""Explanations of the column titles of the page's tables. Clear titles, such as names of data sets, have none."""

from collections.abc import Mapping
from types import MappingProxyType

MEANINGS: Mapping[str, str] = MappingProxyType(
    {
        # a table of searchers
        "searcher": "name of the search method",
        "n": "number of seeds; +kf: k more runs failed",
        "valid": "validation of the arch returned, as the legend says, mean ± standard deviation over seeds",
        "test": "test score of the arch returned, mean ± standard deviation over seeds",
        "held-out trials": "score of the arch returned in trials hidden from the run, mean ± standard deviation",
        "95 % CI": "95 % bootstrap interval of the mean, over seeds",
        "median": "median over seeds",
        "IQM": "interquartile mean: mean of the middle half of the seeds",
        "worst": "score of the worst seed",
        "valid regret": "validation below that of the best arch",
        "test regret": "test score below that of the best arch",
        "held-out trials regret": "score in held-out trials below that of the best arch",
        "hit %": "share of runs that return a best arch",
        "hit CI": "95 % interval of the share of hits",
        "archs": "number of different archs",
        "GPU-h": "GPU-hours: workers x clock, with checkpoints kept",
        "restart": "GPU-hours if every evaluation had begun at epoch 0",
        "busy h": "GPU-hours in which a worker trained or validated",
        "found h": "GPU-hours until the arch returned was first the incumbent",
        "evaluations": "number of trainings and measurements paid for, mean per run",
        "fit s": "the searcher's own seconds on the host; not on the simulated clock",
        "difference": "mean difference over paired seeds, in the unit of the score",
        "difference CI": "95 % bootstrap interval of the difference",
        "win/tie/loss": "paired seeds on which the row is better, equal, worse",
        "p": "p-value of Wilcoxon's signed-rank test over paired seeds, Holm-corrected; n<20: too few seeds",
        "r": "matched-pairs rank-biserial correlation, from -1 to 1; > 0 where the row is better",
        "detectable": "smallest mean difference that this number of pairs shows with power 0.8",
        "rank": "place by mean score, averaged over the data sets; 1 is best",
        "mean rank": "place by mean score, averaged over the data sets; 1 is best",
        # published rows
        "method": "as the paper calls it",
        "cost": "search cost as published",
        "runs": "number of runs",
        "read": "R: in the paper or its repository; I: off an image; S: in a text that reprints it",
        "source": "where the numbers were published",
        # times to a target, seconds, overhead
        "arrived %": "share of runs that reached the target",
        "censored": "runs that had not reached the target at the end of the budget",
        "median h": "hours of the clock by which half of the runs are there",
        "restricted mean h": "mean hours of the clock to the target; a run counts at most the budget",
        "idle": "hours in which a worker had nothing to do",
        "not used": "hours of the budget left when the searcher stopped",
        "stage": "stage of the search and fidelity (schedule@epochs)",
        "mean s": "mean seconds inside the searcher per run",
        "longest s": "most seconds inside the searcher in a run",
        "ms per evaluation": "milliseconds inside the searcher per training or measurement",
        "% of the budget": "seconds inside the searcher, percent of the budget",
        # the trace of a run
        "#": "number of the request, in the order of the decisions",
        "time": "clock of the run when a worker began (h:mm:ss)",
        "worker": "number of the training slot",
        "action": "start an arch, continue it, or promote it to a longer schedule",
        "trains": "fidelity (schedule@epochs) to which the arch is trained",
        "mean ± std": "validation (%), or its score, that the searcher predicted before it paid, and its uncertainty",
        "potential": "expected rise of the best, in the same unit",
        "p best": "predicted probability that this arch is the best",
        "gain/h": "expected rise of the best per GPU-hour",
        "paid s": "seconds of training and validation",
        "came out": "validation, or what went wrong",
        "arch": "the architecture in the notation of the benchmark",
        "place": "place in the recommendation; 1 is best",
        "validation %": "best validation accuracy seen of the arch",
        "at": "fidelity (schedule@epochs) of that validation",
        # a search by real training
        "fidelity": "schedule@epochs",
        "requests": "number of trainings asked for",
        "lost": "trainings that failed or diverged",
        "GPU-hours": "hours of training and validation on the device",
        "from": "time of the clock since when it was the best known",
        # studies, searches compared, packages
        "variant": "name of the changed searcher",
        "change": "what was changed",
        "+": "number of cells in which the full searcher is significantly better",
        "-": "number of cells in which the full searcher is significantly worse",
        "worst test": "test score of the worst seed",
        "M params": "million parameters of the network",
        "against": "the other searcher",
        "by": "accuracy that is compared",
        "verdict": "what the comparison shows",
        "data set": "the images and their split",
        "package": "the other implementation",
        "ours": "our implementation of the same method",
        "agreement": "whether the two are level",
        "player": "name of the searcher in the tables",
        "settings": "how it was called",
        "failed": "number of failed runs",
        "searcher s": "seconds inside the searcher per run",
        # predictors
        "predictor": "name of the performance predictor",
        "tau": "Kendall's rank correlation of prediction and final validation accuracy",
        "tau to test": "Kendall's rank correlation of prediction and test accuracy",
        "tau top 10 %": "Kendall's rank correlation among the best tenth of the archs",
        "best 1 %": "share of the best 1 % of archs that the predictor finds (%)",
        "best 5 %": "share of the best 5 % of archs that the predictor finds (%)",
        "regret of 10": "regret of the best of its ten favourites, percent points",
        "RMSE": "root mean squared error, percent points",
        "CRPS": "continuous ranked probability score, percent points; lower is better",
        "in 50 %": "share of outcomes inside the 50 % interval (%)",
        "in 90 %": "share of outcomes inside the 90 % interval (%)",
        "chosen in 90 %": "the same among the archs that the predictor favours (%)",
        "width 90 %": "width of the 90 % interval, percent points",
    }
)
_PARTS = ("test ", "regret ")
"""Parts of a study's column titles, such as `test p`."""


def meaning(title: str) -> str:
    """Return the explanation of a column title; empty if it has none."""
    short = next((title.removeprefix(part) for part in _PARTS if title.startswith(part)), title)
    return MEANINGS.get(title) or MEANINGS.get(short, "")
