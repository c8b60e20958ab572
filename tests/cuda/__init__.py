"""What holds on a card: a real one, or the one of `tests.pretend_card`."""

import pytest
import torch

ON_A_CARD = [
    pytest.mark.cuda,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device"),
]
