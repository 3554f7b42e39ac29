"""One run's record read back.

reading       requests, stages, funnel, seconds and incumbents of a record
text          them in words and as CSV
figure        them as a figure
calibration   whether a searcher's forecasts came true
"""
