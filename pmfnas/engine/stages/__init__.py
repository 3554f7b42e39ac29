"""The three stages of a run, a file each, and `searching`: the two moves that the first two share.

A stage answers `next(state, remaining_s)` with a choice, or None where it has none that fits. When the next second is
worth more in another stage, `pmfnas.engine.allocator` moves on.
"""
