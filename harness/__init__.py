"""The application: compare searchers, search by real training, study predictors. Run as `python -m harness VERB`.

Rooms from the top down. A room imports rooms below it, never one above (import-linter checks this). `search`,
`predictors`, `problems`, `fit` and `speed` do not import each other, nor do `compare` and `explain`.

    cli            the command line, one file per verb; no room imports it
    torture        the long tests of trust: kills, hostile files, corruption
    report         one HTML page of a folder of results
    search         real training
    predictors     the predictor study and the regression gate
    problems       searchers on small problems of one's own
    fit            how the shipped models were fitted
    speed          how fast it is, next to its peers
    compare        experiments that answer a question
    explain        one run's record read back
    show           frames to tables and figures
    score          scores of finished runs, and their statistics
    experiment     many runs in a folder, and the data they run on
    players        the players: our searchers, files, processes, packages
    stats          statistics of finished runs
    host           this machine: terminal, processes, cache, amounts as text

One run is `pmfnas.loop`.

Test accuracy is read in three places, and none of them hands it to a searcher or to a predictor:
`score/oracle.py` from a table, for finished runs and for the judgement of predictions in `predictors/material.py`;
`search/final_test.py` from test images, which a search checks and counts before its start and is scored by after its
end; `fit` from the data that the shipped models are fitted to. An architecture test holds this list.
"""
