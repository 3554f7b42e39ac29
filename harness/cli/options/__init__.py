"""The options, help and examples of each verb, one file per verb.

These files import only the standard library, the errors and each other, so help, error messages and shell completion
start fast. The file of the same name in `harness.cli` does the work.

    names                                   names and numbers in help texts
    run, compare, peers, studies            verbs that run experiments
    table, report, explain, ceiling         verbs that read folders of results
    torture                                 what holds when everything goes wrong
    predictors, regress                     the predictor study and its gate
    search, search_compare                  real training
    speed                                   how fast all this is
    data, searcher, completion              tables, a searcher to begin with, the shell
"""
