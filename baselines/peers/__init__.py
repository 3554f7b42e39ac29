"""Published packages as searchers. Each runs in its own process and environment, as a client of the harness.

peer                  what the scripts of all packages share
protocol_client       the searcher's side of the process protocol
dehb_peer             DEHB 0.1.2
hpbandster_peer       BOHB of HpBandSter 0.7.4
neps_peer             PriorBand, Hyperband and ASHA of NePS 0.17
optuna_peer           TPE with pruning of Optuna 5
smac_peer             SMAC3 2.4
syne_tune_013_peer    MOBSTER, Hyper-Tune, DyHPO and Hyperband of Syne Tune 0.13
syne_tune_016_peer    ASHA, BOHB and CQR of Syne Tune 0.16
"""
