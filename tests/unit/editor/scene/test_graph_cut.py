"""Cutting along edges: what it does where there are none."""

import cv2
import numpy as np
import pytest

from retouch.editor.scene.graph_cut import cut_out


@pytest.mark.parametrize("grain", [0, 1, 3])
def test_a_blank_picture_is_not_cut_at_all(grain, monkeypatch):
    """OpenCV's max-flow takes minutes where both sides look the same."""
    monkeypatch.setattr(cv2, "grabCut", lambda *_: pytest.fail("there is nothing to cut by"))
    noise = np.random.default_rng(0).integers(-grain, grain + 1, (300, 400, 3))
    pixels = np.clip(np.full((300, 400, 3), 235) + noise, 0, 255).astype(np.uint8)
    likelihood = np.linspace(0, 1, 300, dtype=np.float32)[:, None].repeat(400, axis=1)
    cut = cut_out(pixels, likelihood)
    assert cut[20].max() == 0
    assert cut[280].min() == 1
