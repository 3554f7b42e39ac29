"""Searching with real training: the verbs `search`, `export` and `gpu-check`. What trains needs torch.

spec         settings, device, and the claim that must stay the same
checks       time, disk and memory, before the start
measuring    the seconds that training takes, before the start
run          a search from the data to the model in hand
device       the executor that trains on a device
journal      one line per ticket that ended
finish       ends a search with a fully trained network
watch        live lines, log, checkpoints no longer needed
watchdog     starts a device that fails or hangs anew
parent       ends a search with the process that started it
result       record, weights, and then test accuracy
retrain      the found network trained anew on all images
final_test   opens test images, and logs it; nothing else does
export       the found network as files
card         its model card
folder       the folder that a search owns
overview     the search as text, Markdown and a page
compare      several searches compared
gpu          the check of a GPU
"""
