"""The predictor study: how good is a predictor, at what price, and does it know how sure it is?

candidates   who is in the study, and loading a predictor of the user's
cells        settings: data set, labels, schedule, epochs seen, which archs are judged; grids of them
groups       archs that are one network, which stay on one side of every split
material     curves, labels, truths and prices of a data set, read from a table
region       archs that PMF-NAS meets in stages 2 and 3
tasks        what a predictor is shown in one split of a cell, what is true, and what it cost
evaluation   `evaluate(factory, cell, split, material) -> Outcome`: one fit, one query, all measures
measures     pure functions of truth and prediction: rank, top, error, calibration
noise        what two trials of the same archs say of each other
study        all candidates x cells x splits, in chunks that are written whole and never computed twice
summary      means, intervals and paired differences over the splits
tables       the study as Markdown and on a terminal
figures      its figures
outputs      all that it leaves for people
gate         is the predictor still as good as the accepted reference?
"""
