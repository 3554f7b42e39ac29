"""Scores of finished runs. The test accuracy of a table is read in `oracle` alone.

    oracle      reads scores from a table, and logs who asked
    scoring     adds them to finished runs
    ceiling     which scores are within reach at all
    published   rows of other papers
    words       what outputs call the score

`predictors/material.py` asks the oracle too, for the means by which predictions are judged.
"""
