"""Pictures and known drifts, handed to the tests as fixtures."""

import cv2
import numpy as np
import pytest
import skimage.data

from retouch.images.geometry import fill_size, fit_pixels


def photo_at(name, width, height):
    pixels = getattr(skimage.data, name)()
    return fit_pixels(pixels, fill_size(pixels.shape[1], pixels.shape[0], (width, height)))


@pytest.fixture(scope="session")
def coffee():
    return photo_at("coffee", 640, 480)


@pytest.fixture(scope="session")
def astronaut():
    return photo_at("astronaut", 640, 480)


@pytest.fixture(scope="session")
def with_disc():
    def draw(pixels, center_xy, radius, color=(40, 80, 220)):
        edited = pixels.copy()
        cv2.circle(edited, center_xy, radius, color, -1, cv2.LINE_AA)
        return edited

    return draw


@pytest.fixture(scope="session")
def as_jpeg():
    def recompress(pixels, quality=85):
        _, data = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
        return np.ascontiguousarray(cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1])

    return recompress


@pytest.fixture(scope="session")
def moved():
    """Return the moved picture and the true (2, 3) map from the input's pixels to it."""

    def move(pixels, *, dx=0.0, dy=0.0, zoom=1.0, degrees=0.0):
        height, width = pixels.shape[:2]
        matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, zoom)
        matrix[:, 2] += (dx, dy)
        flags, border = cv2.INTER_CUBIC, cv2.BORDER_REFLECT
        return cv2.warpAffine(pixels, matrix, (width, height), flags=flags, borderMode=border), matrix

    return move


@pytest.fixture(scope="session")
def corner_error_px():
    def measure(found, truth, pixels):
        height, width = pixels.shape[:2]
        corners = np.array([[0, 0, 1], [width - 1, 0, 1], [0, height - 1, 1], [width - 1, height - 1, 1.0]])
        return float(np.linalg.norm(corners @ found.T - corners @ truth.T, axis=1).max())

    return measure
