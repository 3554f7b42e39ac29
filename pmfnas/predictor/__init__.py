"""PMF-NAS's predictor of final accuracy as a separate product: `pmfnas.predictor.pmf.PmfPredictor`.

It is what the study and the gate measure. The searcher asks another one, `pmfnas.engine.predictor`.

    pmf         the predictor, behind the port `pmfnas.core.predictors.Predictor`
    features    features of an arch and of the first epochs of its curve
    warp        a map between accuracies and evenly spread scores
    process     a Gaussian process over groups of features, each with its own scale
    belief      a fixed prior score for archs when labels are too few to learn from
    intervals   conformal prediction intervals from leave-one-out residuals
"""
