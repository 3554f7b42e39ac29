"""The options, help and examples of each verb, one file per verb.

These files import nothing but the standard library, the errors and each other, so that help, mistakes in options and
shell completion cost no start-up. The file of the same name in `harness.cli` does the work.

    names                                   the names and numbers that help texts show
    run, compare, peers, studies            verbs that run experiments
    table, report, same_order, explain      verbs that read folders of results
    calibration, ceiling                    verbs that check forecasts and bounds
    predictors, regress                     the predictor study and its gate
    search, search_compare                  real training
    data, searcher, completion              tables, a searcher to begin with, the shell
"""
