"""Searching with real training: the verbs `search`, `export` and `gpu-check`. Training needs torch.

spec         settings, device, and the claim that must stay the same
checks       checks time, disk and memory before the start
measuring    measures the speed of training before the start
run          runs a search
device       the executor that trains on a device
watch        prints live lines, writes the log, removes unneeded checkpoints
watchdog     detects training that hangs
parent       ends a search with the process that started it
result       writes record and weights, then measures test accuracy
retrain      trains the found network on training and validation images
final_test   opens the test images and logs every access
export       exports the found network
card         the model card of an exported network
family       the user's own networks: `--space my_family.py:Family`
example      a working family, for `new-family`
samples      real images to compare exported files on
folder       the folder that a search owns
overview     the search as text, Markdown and a page
own          a search on the user's own problem (`pmfnas.search`) as text and Markdown
compare      compares several searches
gpu          the check of a GPU
"""
