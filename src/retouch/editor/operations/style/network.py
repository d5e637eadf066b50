"""The two style networks: 26 learned styles, and any picture as a style. Both run at (nearly) the picture's own size.

References
----------
V. Dumoulin, J. Shlens, M. Kudlur, "A Learned Representation for Artistic Style", ICLR 2017.
G. Ghiasi et al., "Exploring the structure of a real-time, arbitrary neural artistic stylization network", BMVC 2017.
"""

from pathlib import Path
from typing import Any

import cv2
import numpy as np

from retouch.editor.operations.style.flow import edge_flow, lightness, smooth_along, unit_px
from retouch.images.array_types import FloatImage, Pixels
from retouch.images.color import channel_mean, transform_colors
from retouch.images.remember import remembered
from retouch.models import ModelStore

__all__ = ["LEARNED_STYLES", "paint_learned", "paint_like", "transfer_graph"]

LEARNED_STYLES = 26
_LEARNED_BUDGET_PIXELS = 720_000
_TRANSFER_BUDGET_PIXELS = 1_100_000
"""Pixels that a network works on: about a second of two cores, and under 450 MB."""
_STYLE_SIDE_PX = 256
_ONLY_MULTIPLES_OF = 4
_TRANSFER_CONVERTER = 1
"""To be raised with each change of what ``transfer_graph`` makes of its file."""


@remembered(but_for=("models",))
def paint_learned(pixels: Pixels, style: int, models: ModelStore) -> Pixels:
    """Paint a picture in one of the learned styles.

    Parameters
    ----------
    pixels : (H, W, 3) uint8, sRGB
    style : int
        0 to 25.
    models : ModelStore

    Returns
    -------
    (H, W, 3) uint8, sRGB

    Raises
    ------
    ModelFileError
        The weights are not installed.
    """
    small, pad = _fit(pixels, _LEARNED_BUDGET_PIXELS)
    weights = np.zeros(LEARNED_STYLES, np.float32)
    weights[style] = 1.0
    planes = np.ascontiguousarray(small.transpose(2, 0, 1)[None])
    painted = models.session("style-painter").run(None, {"image": planes, "style_weights": weights})[0][0]
    return _full_size(painted.transpose(1, 2, 0), pad, pixels)


@remembered(but_for=("models",))
def paint_like(pixels: Pixels, example: Pixels, models: ModelStore) -> Pixels:
    """Paint a picture in the style of another.

    Parameters
    ----------
    pixels : (H, W, 3) uint8, sRGB
        What is painted.
    example : (h, w, 3) uint8, sRGB
        Whose colors and strokes it takes; its middle square counts.
    models : ModelStore

    Returns
    -------
    (H, W, 3) uint8, sRGB

    Raises
    ------
    ModelFileError
        The weights are not installed.
    """
    side = min(example.shape[:2])
    top, left = (example.shape[0] - side) // 2, (example.shape[1] - side) // 2
    square = cv2.resize(
        example[top : top + side, left : left + side], (_STYLE_SIDE_PX, _STYLE_SIDE_PX), interpolation=cv2.INTER_AREA
    )
    vector = models.session("style-reader").run(None, {"style_image": square[None].astype(np.float32) / 255.0})[0]
    small, pad = _fit(pixels, _TRANSFER_BUDGET_PIXELS)
    session = models.converted_session("style-transfer", transfer_graph, version=_TRANSFER_CONVERTER)
    painted = session.run(None, {_CONTENT: small[None], _VECTOR: vector})[0][0]
    # The network's nearest-neighbor upsampling leaves a fine screen in flat areas; a short smoothing along the edges takes it
    # out and leaves strokes.
    flow = edge_flow(channel_mean(painted), 3.0)
    return _full_size(0.15 * painted + 0.85 * smooth_along(_unscreened(painted), flow, 3.0), pad, pixels)


def _unscreened(painted: FloatImage) -> FloatImage:
    """Return the picture without the pattern of four pixels' period."""
    return np.asarray(cv2.boxFilter(np.ascontiguousarray(painted), -1, (2, 2)), dtype=np.float32)


def _fit(pixels: Pixels, budget: int) -> tuple[FloatImage, tuple[int, int]]:
    """Return the picture as float [0, 1] within a budget of pixels, padded to multiples of 4, and its size before the padding."""
    height, width = pixels.shape[:2]
    share = min(1.0, (budget / (height * width)) ** 0.5)
    size_hw = (max(32, round(height * share)), max(32, round(width * share)))
    small = pixels
    if size_hw != (height, width):
        how = cv2.INTER_AREA if share < 1.0 else cv2.INTER_LINEAR
        small = cv2.resize(pixels, (size_hw[1], size_hw[0]), interpolation=how)
    bottom, right = -size_hw[0] % _ONLY_MULTIPLES_OF, -size_hw[1] % _ONLY_MULTIPLES_OF
    padded = cv2.copyMakeBorder(small, 0, bottom, 0, right, cv2.BORDER_REFLECT_101)
    return padded.astype(np.float32) / np.float32(255.0), size_hw


def _full_size(painted: FloatImage, size_hw: tuple[int, int], pixels: Pixels) -> Pixels:
    """Return a painting at the picture's size; what enlarging softens is given back from the photo's own fine detail."""
    large = np.ascontiguousarray(np.clip(painted[: size_hw[0], : size_hw[1]], 0.0, 1.0))
    height, width = pixels.shape[:2]
    growth = height / size_hw[0]
    gray = lightness(pixels)
    if growth > 1.0:
        large = cv2.resize(large, (width, height), interpolation=cv2.INTER_CUBIC)
        large += 0.7 * (large - cv2.GaussianBlur(large, (0, 0), 0.8 * growth))
        large += 0.6 * (gray - cv2.GaussianBlur(gray, (0, 0), growth))[..., None]
    large += _lost_features(gray, large, 7.0 * unit_px(pixels))[..., None]
    return np.asarray(np.clip(large, 0.0, 1.0) * 255.0 + 0.5, dtype=np.uint8)


def _lost_features(gray: FloatImage, painted: FloatImage, size_px: float) -> FloatImage:
    """Return the photo's features up to a size, where the painting has none: an eye must not be painted over.

    Local contrast is compared as standard deviations over a window of twice the size.
    """
    own = gray - cv2.GaussianBlur(gray, (0, 0), size_px)
    light = transform_colors(painted, np.array([[0.3, 0.59, 0.11]], np.float32))[..., 0]
    there = light - cv2.GaussianBlur(light, (0, 0), size_px)
    own_contrast = np.sqrt(cv2.GaussianBlur(own * own, (0, 0), size_px))
    painted_contrast = np.sqrt(cv2.GaussianBlur(there * there, (0, 0), size_px))
    lost = np.clip(1.25 - painted_contrast / (own_contrast + 0.004), 0.0, 1.0)
    return np.asarray(0.9 * lost * own, dtype=np.float32)


# The graph ---------------------------------------------------------------------------------------------------------------

_CONTENT = "content_image"
_VECTOR = "mobilenet_conv/Conv/BiasAdd"


def transfer_graph(path: Path) -> bytes:
    """Return the arbitrary-style network for pictures of any size, in float.

    Parameters
    ----------
    path : Path
        The published file: fixed to 384 x 384 pixels, with every activation rounded to 8 bits.

    Returns
    -------
    bytes
        The same network as an ONNX graph with free height and width (multiples of 4), without the rounding.

    Notes
    -----
    Every layer is a convolution, a normalization over the whole picture or an enlargement by a factor, so only the declared
    sizes tie it to one resolution. A quantizing node is followed by the node that undoes it; with each pair taken as the
    identity, only the weights stay 8-bit.
    """
    import onnx

    model = onnx.load(str(path))
    graph = model.graph
    weights = {tensor.name for tensor in graph.initializer}
    same_as: dict[str, str] = {}
    for node in graph.node:
        undone = node.op_type == "DequantizeLinear" and node.input[0] not in weights
        if node.op_type == "QuantizeLinear" or undone:
            same_as[node.output[0]] = node.input[0]

    def source(name: str) -> str:
        while name in same_as:
            name = same_as[name]
        return name

    nodes = [node for node in graph.node if node.output[0] not in same_as]
    for node in nodes:
        node.input[:] = [source(name) for name in node.input]
    for value in graph.output:
        value.name = source(value.name)
    for value in (*graph.input, *graph.output):
        shape = value.type.tensor_type.shape.dim
        if shape[1].dim_value > 1:
            shape[1].dim_param, shape[2].dim_param = "height", "width"
    used = {name for node in nodes for name in node.input}
    tensors = [tensor for tensor in graph.initializer if tensor.name in used]
    ordered = _in_order(nodes, {tensor.name for tensor in tensors} | {value.name for value in graph.input})
    del graph.node[:], graph.initializer[:], graph.value_info[:]
    graph.node.extend(ordered)
    graph.initializer.extend(tensors)
    return bytes(model.SerializeToString())


def _in_order(nodes: list[Any], known: set[str]) -> list[Any]:
    """Return the nodes so that each comes behind those whose output it reads."""
    ordered: list[Any] = []
    waiting = nodes
    known = known | {""}
    while waiting:
        ready = [node for node in waiting if known.issuperset(node.input)]
        if not ready:
            raise ValueError("The graph of the style network has a cycle.")
        for node in ready:
            known.update(node.output)
        ordered += ready
        waiting = [node for node in waiting if not known.issuperset(node.output)]
    return ordered
