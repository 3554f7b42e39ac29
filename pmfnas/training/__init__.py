"""Real training: the networks, the recipe, the data and the trainer of a search that ends with a trained model.

Needs the extra `train` (torch); `import pmfnas` does not load it.

    blueprint     blocks, layers and shapes of a network, without tensors
    network       several candidates as one fused network
    own           networks of a user's family
    plans         what a network is planned by: a cell, or an arch of a family
    recipe        the training recipe
    pack          candidates that train together
    trainer       trains a pack for one epoch, and validates
    session       trains the running segments in packs
    state         the state of one candidate's training
    checkpoints   states on disk
    benchmark     real training behind the port of benchmarks
    data          images: read, checked, split
    stream        images on the device
    memory        estimates of memory
    throughput    how many candidates should share a device
    capture       fewer kernel launches
"""
