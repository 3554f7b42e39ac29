"""The predictor study: how good a predictor is, its price, and whether its intervals are calibrated.

candidates   the predictors in the study, and how a user's predictor is loaded
engine       the engine's predictor behind the public port
cells        settings: data set, labels, schedule, epochs seen, which archs are judged; grids of them
groups       archs that are one network, which stay on one side of every split
material     curves, labels, truths and prices of a data set, read from a table
region       archs that PMF-NAS meets in stages 2 and 3
tasks        one split of a cell: the data shown to a predictor, the true values and the costs
evaluation   `evaluate(factory, cell, split, material) -> Outcome`: one fit, one query, all measures
measures     pure functions of truth and prediction: rank, top, error, calibration
noise        the noise ceiling: how well two trials of the same archs agree
study        all candidates x cells x splits, in chunks that are written whole and never computed twice
summary      means, intervals and paired differences over the splits
tables       the study as Markdown and on a terminal
figures      its figures
outputs      every file that the study writes for people
gate         is the predictor still as good as the accepted reference?
"""
