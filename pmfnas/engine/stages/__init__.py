"""The three stages of a run, a file each.

    explore     stage 1: archs that cover the space
    region      stage 2: archs within the regions
    refine      stage 3: the best to the end
    searching   the two moves that stages 1 and 2 share

A stage answers `next(state, remaining_s)` with a choice, or None where it has none that fits. When the next second is
worth more in another stage, `pmfnas.engine.allocator` moves on.
"""
