"""The command line: one file per verb. A verb reads its arguments, calls other packages, and prints.

No other package imports this one.

main             finds the verb, and turns errors into one line and an exit code
arguments        the flags that several verbs share
options          options, help and examples of each verb
own              forms of `compare` and `peers` on problems of one's own
ceiling          verb `ceiling`
compare          verb `compare`
completion       verb `completion`
data             verb `data`
explain          verbs `explain` and `calibration`
peers            verb `peers`
predictors       verb `predictors`
regress          verb `regress`
report           verbs `report` and `same-order`
run              verb `run`, and every experiment as a verb
search           verbs `search`, `export` and `gpu-check`
search_compare   verb `search-compare`
searcher         verbs `new-searcher` and `check-searcher`
speed            verb `speed`
studies          verbs `ablation`, `sensitivity` and `uncertainty`
table            verb `table`: rewrites the outputs of any folder
torture          verb `torture`: the long tests of trust
"""
