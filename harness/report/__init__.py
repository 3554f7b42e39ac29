"""One self-contained HTML page of a folder of results: answer, curves, tables, and their data and settings.

    results       reads and checks an experiment's folder: frames, manifest, verdict, records
    content       the parts of a page: texts, figures, legends, tables
    charts        data of figures that `templates/charts.js` draws with uPlot (`vendor`)
    cells         drawings of archs
    pictures      figures as images
    headers       explanations of column titles
    sections      the sections of an experiment's page
    page          renders all sections with one template and writes the page
    search_page   the page of a search by real training
    own_page      the page of a search on the user's own problem
    tables_page   the page of a folder with Markdown tables, such as a study
    same_order    checks whether two results put the searchers in the same order

The page is derived only from the folder: it measures and fits nothing, and opens no test accuracy beyond those in the
outputs. The page loads no other file. Its tables can be read without scripts.
"""
