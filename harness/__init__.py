"""The application: compare searchers, search by real training, study predictors. Run as `python -m harness VERB`.

A room imports the rooms below it, never one above or beside it (held by import-linter):

    cli            one file per verb: read arguments, call one room, print
    report         one HTML page of a folder of results
    search         real training                    predictors   the predictor study and the regression gate
                                                    fit          how the shipped models were fitted
    compare        experiments that answer          explain      one run's record read back
                   a question
    show           frames to tables and figures
    score          test accuracy: the only room that opens it
    experiment     many runs in a folder, and the data they run on
    players        who plays: our searchers, files, processes, packages
    pmfnas.loop    one run

`stats` and `host` (this machine: terminal, processes, cache, amounts as text) stand on the ground.
"""
