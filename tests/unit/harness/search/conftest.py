"""Training tests run on one thread of linear algebra."""

import pytest


@pytest.fixture(autouse=True)
def one_thread():
    try:
        import torch
    except ModuleNotFoundError:
        yield
        return
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
