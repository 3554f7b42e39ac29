"""One run's record read back: `record` reads it, `text` and `figure` show it, `calibration` checks its forecasts."""
