"""Scores of finished runs. Only `oracle` reads the test accuracy of a table.

    oracle      reads scores from a table, and logs every access
    scoring     adds them to finished runs
    ceiling     upper bounds of the scores
    published   rows of other papers
    words       names of the score in outputs

`predictors/material.py` also reads the oracle, for the true values that judge predictions.
"""
