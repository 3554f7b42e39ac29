"""The check of a GPU.

checks   measures
plain    a plain training loop, for comparison
report   runs all checks and writes the report
"""
