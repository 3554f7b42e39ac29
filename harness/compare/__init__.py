"""Experiments that answer a question: `outputs` of a table, `verdict` in words, `agreement` with packages, `studies`.

`studies` holds the variants of PMF-NAS (ablation, sensitivity, uncertainty); `study_*` render what they show.
"""
