"""The sections of the page; each function returns `content.Section` values of one folder.

outcome         the answer, verdict, table and anytime curves
archs           which archs were returned most often
distributions   ranks, performance profiles, time to a target
spending        seconds by fidelity and stage, and the searchers' own
why             the trace of one run
provenance      data, rules, versions and settings
"""
