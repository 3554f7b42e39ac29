"""Copies of names and numbers for help texts, so that help imports no numpy; a test compares copies and originals."""

from types import MappingProxyType

DATASETS = ("cifar10", "cifar100", "ImageNet16-120")
SPACES = ("nb201", "nats-sss")
SOURCES = ("official", "anchored", "real-finals", "surrogate")

SEARCHERS = (
    *("asha", "asha_200", "bohb", "bohb_200", "bohb_nb201", "dehb", "hyperband", "hyperband_200", "local_search"),
    *("most_conv3x3", "most_params", "random_search", "regularized_evolution", "reinforce", "successive_halving"),
    *("successive_halving_200", "tpe", "pmf_nas_no_belief", "pmf_nas"),
)
REFERENCE = "pmf_nas"

PACKAGES = (
    *("asha-1.3.12", "asha-1.3.9.12", "bohb-1.3.12", "dehb-1.3.12", "hyperband-1.3.12", "hyperband-1.3.9.12"),
    *("pmf_nas", "pmf_nas_no_belief", "random_search", "dehb-0.1.2", "hpbandster-0.7.4-bohb", "neps-0.17-asha"),
    *("neps-0.17-hyperband", "neps-0.17-priorband", "optuna-5-tpe", "smac-2.4", "syne-tune-0.13-dyhpo"),
    *("syne-tune-0.13-hyper_tune", "syne-tune-0.13-mobster", "syne-tune-0.13-hyperband", "syne-tune-0.16-asha"),
    *("syne-tune-0.16-bohb", "syne-tune-0.16-cqr"),
)
SLOW_PACKAGES = ("syne-tune-0.13-dyhpo", "syne-tune-0.13-hyper_tune", "syne-tune-0.13-mobster", "syne-tune-0.16-cqr")

PREDICTORS = (
    *("curve_extrapolation", "curve_svr", "flops", "gaussian_process", "gradient_boosting", "last_valid", "params"),
    *("random_forest", "sotl_e", "tse_ema", "tse_ema_09", "pmf"),
)
REFERENCE_PREDICTOR = "pmf"
GATE_PARTS = ("predictor", "in-run")

EXPERIMENTS = MappingProxyType(
    {
        "table2": "accuracy versus GPU-hours of every searcher, with statistics",
        "published": "replay of the NAS-Bench-201 paper's setting (needs real values)",
        "no-big-cells": "table2 without the 25 cells of five or six 3x3 convolutions",
        "size": "five searchers on the size space's surrogate",
    }
)
"""Experiment -> one line of help; each is a verb of its own."""

STUDIES = MappingProxyType(
    {
        "ablation": "leave out every part of PMF-NAS in turn and measure its worth",
        "sensitivity": "halve and double every setting of PMF-NAS and see what changes",
        "uncertainty": "make the predictor's uncertainty wrong and measure the loss",
    }
)
"""Study -> one line of help."""

KINDS_OF_TORTURE = ("kills", "disks", "files", "fuzz", "names", "bits", "determinism", "supply")

START_LIMIT_S, ANSWER_LIMIT_S = 120.0, 60.0
"""Seconds that a command gets to start, and for each answer."""

FIRST_STUDY_SEED = 1000
"""First seed of the studies; design choices were made with smaller seeds."""
