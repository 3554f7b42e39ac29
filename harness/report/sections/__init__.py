"""The sections of the page; each function returns `content.Section` values for one folder.

outcome         the answer, verdict, table and anytime curves
archs           the archs returned most often
distributions   ranks, performance profiles, time to a target
spending        seconds by fidelity and stage, and the searchers' own seconds
why             the trace of one run
provenance      data, rules, versions and settings
"""
