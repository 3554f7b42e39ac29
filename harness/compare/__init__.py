"""Experiments that answer a question.

outputs         what an experiment leaves: tables, figures, frames, manifest
frames          those frames and the manifest read back
pictures        every figure of an experiment, as files
verdict         better, worse or not distinguishable, in words
peers           outputs of `peers`
agreement       our implementations against the packages
ceiling         the bounds of `harness.score.ceiling` as tables
studies         the variants of PMF-NAS: ablation, sensitivity, uncertainty
distortions     PMF-NAS with a wrong uncertainty
study_outputs   runs a study and writes what it leaves
study_tables    its tables
study_figures   its figure
"""
