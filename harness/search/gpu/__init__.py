"""The check of a GPU.

checks   measures
plain    the ordinary training that it is compared with
report   runs all checks, and tells
"""
