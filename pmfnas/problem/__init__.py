"""A search on a problem of your own: `pmfnas.search(train, space, ...)`.

search      the whole of it: folder, workers, searcher, result
problem     a problem as a value: the arguments that searches share
arguments   what it is called with, checked
earlier     what earlier searches let expect
warm        PMF-NAS that begins with it
handle      what the training function gets as `run`: epochs, reports, checkpoint
worker      the program of a worker process, which calls the training function
process     a worker process as the search sees it: started, heard, killed
remote      trainings on other machines, through Dask, Ray and others
executor    tickets on workers, while the clock runs
durations   times as people write and read them
folder      the files of a search
watch       what is shown while it runs, and which checkpoints are removed
trackers    they are told of every training: TensorBoard, MLflow
result      what came of it: the best arch, frames, a figure
"""
