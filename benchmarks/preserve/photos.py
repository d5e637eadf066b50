"""Pictures for the suite: photos that scikit-image ships, and drawn ones."""

import cv2
import numpy as np
import numpy.typing as npt
import skimage.data

from retouch.images.geometry import fill_size, fit_pixels

Pixels = npt.NDArray[np.uint8]


def drawn_scene(width: int, height: int) -> Pixels:
    """A smooth sky, a busy ground, plain shapes: what photos of textured subjects lack."""
    rng = np.random.default_rng(7)
    rows = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    scene = np.array([120, 170, 225], np.float32) * (1 - rows) + np.array([225, 225, 215], np.float32) * rows
    scene = np.repeat(scene, width, axis=1)
    ground = cv2.GaussianBlur(rng.normal(0, 1, (height, width)).astype(np.float32), (0, 0), 1.2) * 60
    horizon = int(height * 0.62)
    scene[horizon:] = np.array([150, 130, 90], np.float32) + ground[horizon:, :, None]
    for _ in range(7):
        center = (int(rng.uniform(0, width)), int(rng.uniform(height * 0.3, height * 0.9)))
        cv2.circle(
            scene, center, int(rng.uniform(20, 90)), tuple(float(v) for v in rng.uniform(20, 240, 3)), -1, cv2.LINE_AA
        )
    return np.asarray(np.clip(scene, 0, 255), dtype=np.uint8)


def load_photos(width: int, height: int, names: tuple[str, ...]) -> dict[str, Pixels]:
    """Return the named pictures, each cropped and resized to ``width`` x ``height``."""
    result = {}
    for name in names:
        if name == "drawn":
            result[name] = drawn_scene(width, height)
            continue
        pixels = skimage.data.stereo_motorcycle()[0] if name == "motorcycle" else getattr(skimage.data, name)()
        if pixels.ndim == 2:
            pixels = np.stack([pixels] * 3, axis=2)
        pixels = np.ascontiguousarray(pixels[..., :3])
        result[name] = fit_pixels(pixels, fill_size(pixels.shape[1], pixels.shape[0], (width, height)))
    return result
