"""One run's record read back.

reading       requests, stages, funnel, seconds and incumbents of a record
text          the parts of a record in words and as CSV
figure        the parts of a record as a figure
calibration   how well a searcher's predictions match the outcomes
"""
