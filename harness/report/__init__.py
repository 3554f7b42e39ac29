"""One self-contained HTML page of an experiment's folder: what was run, who is ahead, how surely, at what cost, why.

    results     the folder, read and checked: frames, manifest, verdict, records
    content     what a section of the page holds: words, pictures, tables
    pictures    panels of one data set each, as SVG inside the page, so that they stand side by side or stack
    sections    table and curves, ranks and shares, seconds, trace, overhead and provenance
    page        all sections through one template, written whole

Everything is derived from the folder; nothing is measured, fitted or looked up, and no test accuracy is opened that
the outputs do not hold already. The page refers to nothing outside itself and needs no script to be read.
"""
