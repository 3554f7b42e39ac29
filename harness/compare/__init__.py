"""Comparisons and studies: their tables, figures and verdicts.

outputs         writes tables, figures, frames and manifest of an experiment
frames          reads the frames and the manifest
pictures        writes every figure of an experiment
verdict         better, worse or not distinguishable, in words
peers           outputs of `peers`
landscapes      searchers on landscapes where capacity helps, harms or does not matter
agreement       compares our implementations with the packages
ceiling         the bounds of `harness.score.ceiling` as tables
studies         defines the variants of PMF-NAS: ablation, sensitivity, uncertainty
distortions     PMF-NAS with a wrong uncertainty
study_outputs   runs a study and writes its outputs
study_tables    the tables of a study
study_figures   the figure of a study
"""
