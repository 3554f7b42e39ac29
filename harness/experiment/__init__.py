"""Many runs in one folder: `specs` (experiments as data), `jobs`, `batch` (claim, run, resume), `data` (which table).

`data_info` describes a table; `exclusions` names archs of a space that take no part in an experiment; `overwriting`
keeps outputs off inputs.
"""
