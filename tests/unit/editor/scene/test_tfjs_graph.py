"""Graph models made by hand, of the operations that the reader knows, are computed as TensorFlow would."""

import base64
import json
from typing import Any

import cv2
import numpy as np
import onnxruntime
import pytest

from retouch.editor.scene.tfjs_graph import convert_graph_model
from retouch.errors import ModelFileError


class Model:
    """A graph model that grows node by node."""

    def __init__(self, *shape: int) -> None:
        dims = {"dim": [{"size": str(side)} for side in shape]}
        self.nodes: list[dict[str, Any]] = [{"name": "x", "op": "Placeholder", "attr": {"shape": {"shape": dims}}}]
        self.manifest: list[dict[str, Any]] = []
        self.data = b""

    def weight(self, name: str, value: Any, dtype: str, *, half: bool = False) -> str:
        array = np.asarray(value, "<f2" if half else np.dtype(dtype).newbyteorder("<"))
        entry: dict[str, Any] = {"name": name, "shape": list(array.shape), "dtype": dtype}
        if half:
            entry["quantization"] = {"dtype": "float16", "original_dtype": "float32"}
        self.manifest.append(entry)
        self.nodes.append({"name": name, "op": "Const", "attr": {}})
        self.data += array.tobytes()
        return name

    def node(self, name: str, op: str, *inputs: str, **attributes: Any) -> str:
        self.nodes.append({"name": name, "op": op, "input": list(inputs), "attr": attributes})
        return name

    def convert(self, *outputs: str) -> bytes:
        document = {"modelTopology": {"node": self.nodes}, "weightsManifest": [{"weights": self.manifest}]}
        return convert_graph_model(json.dumps(document).encode(), self.data, outputs)

    def run(self, x: np.ndarray, *outputs: str) -> list[np.ndarray]:
        session = onnxruntime.InferenceSession(self.convert(*outputs), providers=["CPUExecutionProvider"])
        return [np.asarray(answer) for answer in session.run(list(outputs), {"x": x})]


def integers(*values: int) -> dict[str, Any]:
    return {"list": {"i": [str(value) for value in values]}}


def text(word: str) -> dict[str, str]:
    return {"s": base64.b64encode(word.encode()).decode()}


def sliding(stride: int, padding: str) -> dict[str, Any]:
    return {
        "strides": integers(1, stride, stride, 1),
        "padding": text(padding),
        "data_format": text("NHWC"),
        "dilations": integers(1, 1, 1, 1),
    }


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(4).normal(size=shape).astype(np.float32)


def convolved(x: np.ndarray, kernel: np.ndarray, stride: int) -> np.ndarray:
    """Convolve as TensorFlow does with padding SAME: what is missing goes behind and below first."""
    size, rows = kernel.shape[0], -(-x.shape[1] // stride)
    missing = max((rows - 1) * stride + size - x.shape[1], 0)
    padded = np.pad(x, ((0, 0), (missing // 2, missing - missing // 2), (missing // 2, missing - missing // 2), (0, 0)))
    out = np.zeros((1, rows, rows, kernel.shape[3]), np.float32)
    for row in range(rows):
        for col in range(rows):
            window = padded[0, row * stride : row * stride + size, col * stride : col * stride + size]
            out[0, row, col] = np.einsum("ijc,ijco->o", window, kernel)
    return out


@pytest.mark.parametrize(("stride", "side"), [(1, 6), (2, 6), (2, 7)])
def test_a_convolution_is_padded_as_tensorflow_pads(stride: int, side: int) -> None:
    x, kernel = noise(1, side, side, 2), noise(3, 3, 2, 5)
    model = Model(1, side, side, 2)
    model.weight("k", kernel, "float32")
    model.node("y", "Conv2D", "x", "k", **sliding(stride, "SAME"))

    np.testing.assert_allclose(model.run(x, "y")[0], convolved(x, kernel, stride), atol=1e-5)


def test_halved_weights_are_read_as_floats() -> None:
    model = Model(1, 2)
    model.weight("first", [3], "int32")
    model.weight("b", [1.5, -0.25], "float32", half=True)
    model.node("y", "AddV2", "x", "b")

    np.testing.assert_array_equal(model.run(np.array([[1.0, 1.0]], np.float32), "y")[0], [[2.5, 0.75]])


def test_a_padded_maximum_and_a_leaky_rectifier() -> None:
    x = -np.abs(noise(1, 3, 3, 1)) - 1
    model = Model(1, 3, 3, 1)
    model.weight("around", [[0, 0], [1, 0], [0, 0], [0, 0]], "int32")
    model.weight("low", -9.0, "float32")
    model.node("padded", "PadV2", "x", "around", "low")
    model.node("leaky", "LeakyRelu", "padded", alpha={"f": 0.5})
    model.node("y", "MaxPool", "leaky", **sliding(2, "VALID"), ksize=integers(1, 2, 2, 1))

    expected = max(x[0, 0, 0, 0], x[0, 0, 1, 0], -9.0) * 0.5
    answer = model.run(x, "y")[0]
    assert answer.shape == (1, 2, 1, 1)
    assert answer[0, 0, 0, 0] == pytest.approx(expected)


def test_a_picture_is_enlarged_between_pixel_centers() -> None:
    x = noise(1, 4, 5, 1)
    model = Model(1, 4, 5, 1)
    model.weight("size", [8, 10], "int32")
    model.node("y", "ResizeBilinear", "x", "size", half_pixel_centers={"b": True}, align_corners={"b": False})

    expected = cv2.resize(x[0, ..., 0], (10, 8), interpolation=cv2.INTER_LINEAR)
    np.testing.assert_allclose(model.run(x, "y")[0][0, ..., 0], expected, atol=1e-5)


def test_both_results_of_a_split_are_reached_and_joined_the_other_way_round() -> None:
    x = noise(1, 5)
    model = Model(1, 5)
    model.weight("sizes", [2, 3], "int32")
    model.weight("axis", 1, "int32")
    model.node("parts", "SplitV", "x", "sizes", "axis")
    model.node("y", "ConcatV2", "parts:1", "parts:0", "axis")
    model.node("sure", "Sigmoid", "parts")

    joined, sure = model.run(x, "y", "sure")

    np.testing.assert_array_equal(joined, np.concatenate([x[:, 2:], x[:, :2]], axis=1))
    np.testing.assert_allclose(sure, 1 / (1 + np.exp(-x[:, :2])), rtol=1e-5)


def test_a_shape_that_follows_from_constants_is_computed_while_building() -> None:
    x = noise(1, 2, 3)
    model = Model(1, 2, 3)
    model.weight("places", np.zeros((1, 1)), "int32")
    model.weight("length", [2], "int32")
    model.weight("values", [3], "int32")
    model.weight("zero", 0, "int32")
    model.weight("rest", [-1, 3], "int32")
    model.node("sparse", "SparseToDense", "places", "length", "values", "zero")
    model.node("shape", "AddV2", "sparse", "rest")
    model.weight("perm", [1, 0], "int32")
    model.node("flat", "Reshape", "x", "rest")
    model.node("y", "Transpose", "flat", "perm")
    model.node("z", "Reshape", "y", "shape")

    turned, reshaped = model.run(x, "y", "z")

    np.testing.assert_array_equal(turned, x[0].T)
    assert reshaped.shape == (2, 3)


def test_an_operation_that_is_not_known_is_named() -> None:
    model = Model(1, 2)
    model.node("y", "Softplus", "x")

    with pytest.raises(ModelFileError, match="'Softplus'"):
        model.convert("y")


def test_weights_that_do_not_belong_to_the_graph_are_refused() -> None:
    model = Model(1, 2)
    model.weight("b", [1.0, 2.0], "float32")
    model.data += b"\0"

    with pytest.raises(ModelFileError, match="9 bytes, the graph lists 8"):
        model.convert("x")


@pytest.mark.parametrize("topology", [b"{", b"[]", b'{"modelTopology": {"node": [{}]}, "weightsManifest": []}'])
def test_what_is_no_graph_model_is_refused(topology: bytes) -> None:
    with pytest.raises(ModelFileError, match=r"no TensorFlow\.js graph model"):
        convert_graph_model(topology, b"", ["y"])


def test_a_graph_that_runs_in_a_circle_is_refused() -> None:
    model = Model(1, 2)
    model.node("y", "Sigmoid", "z")
    model.node("z", "Sigmoid", "y")

    with pytest.raises(ModelFileError, match="in a circle"):
        model.convert("y")
