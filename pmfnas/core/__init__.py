"""The contracts. Imports nothing else of ours.

types        the values that the ports exchange
ports        spaces, benchmarks, searchers, executors
predictors   the port of performance predictors
errors       the errors, in one tree
rng          named random streams, paired orders of trials
rungs        rungs and ladders
metric       what is searched for: larger or smaller, and in which unit
"""
