"""PMF-NAS's predictor of final accuracy as a product of its own: `pmfnas.predictor.pmf.PmfPredictor`.

features    an arch and its first epochs as numbers
warp        accuracies as scores that spread evenly, and back
process     a Gaussian process over groups of features, each with a scale of its own
belief      what is believed of archs where there are too few labels to learn from
intervals   how far off the process is, from leaving each label out
pmf         all of it together, behind the port `pmfnas.core.predictors.Predictor`
"""
