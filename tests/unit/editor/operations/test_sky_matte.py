"""The sky's matte at full size trusts a segmentation that left something out in the midst of the sky."""

import numpy as np

from retouch.editor.operations.light.sky_matte import split_sky

HEIGHT, WIDTH = 240, 320


def test_what_the_segmentation_left_out_in_the_midst_of_the_sky_stays_though_its_color_is_the_skys() -> None:
    linear = np.full((HEIGHT, WIDTH, 3), (0.05, 0.08, 0.2), np.float32)
    linear[180:] = (0.5, 0.4, 0.1)
    linear[40:180, 158:162] = (0.04, 0.07, 0.17)
    sky = np.zeros((HEIGHT, WIDTH), np.float32)
    sky[:180] = 1.0
    sky[40:180, 158:162] = 0.0

    alpha = split_sky(linear, sky, np.zeros_like(sky)).alpha

    assert alpha[50:170, 158:162].max() == 0.0
    assert alpha[20:170, :150].min() > 0.95
