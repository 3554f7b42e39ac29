"""One self-contained HTML page of a folder of results: the answer, the curves, the tables, and how they came about.

    results       an experiment's folder, read and checked: frames, manifest, verdict, records
    content       the parts of a page: texts, figures, legends, tables
    charts        figures as numbers, drawn by `templates/charts.js` with uPlot (`vendor`)
    cells         archs as drawings
    pictures      figures as images
    headers       what the column titles mean
    sections      the sections of an experiment's page
    page          all sections through one template, written whole
    search_page   the page of a search by real training
    tables_page   the page of a folder whose tables are Markdown, such as that of a study
    same_order    whether two folders put the searchers in the same order

Everything is derived from the folder; nothing is measured, fitted or looked up, and no test accuracy is opened that
the outputs do not hold already. The page refers to nothing outside itself. Without scripts its tables can be read.
"""
