"""Read a TensorFlow.js graph model and rebuild it as an ONNX graph.

Such a model is two files: a JSON document with the nodes of a frozen TensorFlow graph and a list of its weights, and the
bytes of the weights one after the other. Nothing in them is run, and an operation that this reader does not know is an error.

References
----------
TensorFlow.js, "Graph model format": ``modelTopology`` is a GraphDef in JSON, ``weightsManifest`` lists name, shape, type and
quantization of each weight in the order of their bytes.
"""

import base64
import json
import math
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from retouch.errors import ModelFileError

__all__ = ["convert_graph_model"]

Array = npt.NDArray[Any]
Node = dict[str, Any]

_OPSET: Final = 13
_IR_VERSION: Final = 8
_TO_ROWS_LAST: Final = [0, 3, 1, 2]
_TO_CHANNELS_LAST: Final = [0, 2, 3, 1]
_STORED: Final = {"float32": "<f4", "int32": "<i4", "float16": "<f2"}


def convert_graph_model(topology: bytes, weights: bytes, outputs: Sequence[str]) -> bytes:
    """Turn a TensorFlow.js graph model into an ONNX graph.

    Parameters
    ----------
    topology : bytes
        The JSON document.
    weights : bytes
        The bytes of all weights, in the manifest's order: float32, int32, or float32 stored as float16.
    outputs : sequence of str
        Nodes whose first result the graph gives, under their own names.

    Returns
    -------
    bytes
        A serialized graph. Its inputs are the placeholders that the outputs need, with their own names and shapes.

    Raises
    ------
    ModelFileError
        The files are no such model, do not belong together, or hold an operation that is not known here.

    Notes
    -----
    Convolutions and pooling keep TensorFlow's layout, channels last, between transpositions; onnxruntime removes those that
    cancel out. What depends on constants alone is computed while the graph is built.
    """
    try:
        document = json.loads(topology)
        nodes = {node["name"]: node for node in document["modelTopology"]["node"]}
        manifest = [entry for group in document["weightsManifest"] for entry in group["weights"]]
        return _GraphBuilder(nodes, _read_weights(manifest, weights)).build(outputs)
    except (KeyError, TypeError, ValueError, IndexError) as exc:
        raise ModelFileError("The files are no TensorFlow.js graph model that can be read.") from exc


def _read_weights(manifest: Sequence[dict[str, Any]], data: bytes) -> dict[str, Array]:
    """Return the weights by name, as float32 or int32."""
    found: dict[str, Array] = {}
    start = 0
    for entry in manifest:
        stored = np.dtype(_STORED[entry.get("quantization", {}).get("dtype", entry["dtype"])])
        count = math.prod(entry["shape"])
        found[entry["name"]] = (
            np.frombuffer(data, stored, count, start).reshape(entry["shape"]).astype(_STORED[entry["dtype"]])
        )
        start += count * stored.itemsize
    if start != len(data):
        raise ModelFileError(f"The weights have {len(data)} bytes, the graph lists {start}.")
    return found


class _GraphBuilder:
    """Walks from the outputs back to the placeholders and collects ONNX nodes on the way."""

    def __init__(self, nodes: dict[str, Node], weights: dict[str, Array]) -> None:
        # Imported here: it is only needed while a graph is built.
        from onnx import helper, numpy_helper

        self._helper, self._to_tensor = helper, numpy_helper.from_array
        self._source, self._weights = nodes, weights
        self._built: dict[str, str] = {}
        self._inputs: list[Any] = []
        self._nodes: list[Any] = []
        self._initializers: list[Any] = []
        self._makers: dict[str, Callable[[Node, list[str]], str]] = {
            "Placeholder": self._placeholder,
            "Identity": lambda _, inputs: self._value(inputs[0]),
            "Conv2D": self._convolve,
            "MaxPool": self._pool,
            "Add": self._add,
            "AddV2": self._add,
            "LeakyRelu": lambda node, inputs: self._emit("LeakyRelu", inputs[:1], alpha=_attribute(node, "alpha")),
            "Sigmoid": lambda _, inputs: self._emit("Sigmoid", inputs[:1]),
            "Transpose": self._transpose,
            "Pad": self._pad,
            "PadV2": self._pad,
            "ConcatV2": self._concatenate,
            "SplitV": self._split,
            "Reshape": self._reshape,
            "ResizeBilinear": self._resize,
        }

    def build(self, outputs: Sequence[str]) -> bytes:
        """Return the serialized graph."""
        helper = self._helper
        for name in self._in_order(outputs):
            self._make(self._source[name])
        for name in outputs:
            self._nodes.append(helper.make_node("Identity", [self._value(name)], [name]))
        graph = helper.make_graph(
            self._nodes,
            "graph_model",
            self._inputs,
            [helper.make_tensor_value_info(name, 1, None) for name in outputs],
            self._initializers,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR_VERSION)
        return bytes(model.SerializeToString())

    def _in_order(self, outputs: Sequence[str]) -> list[str]:
        """Return the nodes that the outputs need, each behind what it needs itself; constants are left out."""
        order: dict[str, None] = {}
        open_nodes: set[str] = set()
        waiting = [(name, False) for name in reversed(outputs)]
        while waiting:
            reference, is_complete = waiting.pop()
            name = reference.partition(":")[0]
            if is_complete:
                order[name] = None
            elif name not in order and self._constant(reference) is None:
                if name in open_nodes:
                    raise ModelFileError(f"The graph model runs in a circle at {name!r}.")
                open_nodes.add(name)
                waiting.append((name, True))
                waiting += [(part, False) for part in self._source[name].get("input", [])]
        return list(order)

    def _make(self, node: Node) -> None:
        make = self._makers.get(node["op"])
        if make is None:
            raise ModelFileError(f"The graph model holds the operation {node['op']!r}, which can't be rebuilt.")
        self._built[node["name"]] = make(node, node.get("input", []))

    def _value(self, reference: str) -> str:
        """Return the ONNX name of what a node gives ("split:1" is its second result), or of a constant."""
        name = reference.removesuffix(":0")
        folded = None if name in self._built else self._constant(name)
        if folded is not None:
            self._built[name] = self._initializer(folded)
        return self._built[name]

    def _constant(self, reference: str) -> Array | None:
        """Return a weight, or what follows from weights alone; None for what depends on the input."""
        name = reference.removesuffix(":0")
        if name in self._weights:
            return self._weights[name]
        node = self._source.get(name.partition(":")[0])
        if node is None or node["op"] not in ("SparseToDense", "Add", "AddV2"):
            return None
        parts = [self._constant(part) for part in node["input"]]
        if any(part is None for part in parts):
            return None
        known = [part for part in parts if part is not None]
        return _fill_sparse(known) if node["op"] == "SparseToDense" else known[0] + known[1]

    def _require_constant(self, reference: str) -> Array:
        value = self._constant(reference)
        if value is None:
            raise ModelFileError(f"The graph model computes {reference!r}, which must be a constant.")
        return value

    def _initializer(self, value: Array) -> str:
        name = f"constant{len(self._initializers)}"
        self._initializers.append(self._to_tensor(np.array(value), name))
        return name

    def _integers(self, value: Array) -> str:
        return self._initializer(np.asarray(value, dtype=np.int64).ravel())

    def _emit(self, operation: str, inputs: Sequence[str], **attributes: Any) -> str:
        """Add a node with one result; ``inputs`` are references of the source."""
        return self._emit_on(operation, [self._value(name) for name in inputs], **attributes)

    def _emit_on(self, operation: str, names: Sequence[str], **attributes: Any) -> str:
        """Add a node with one result; ``names`` are those of the ONNX graph."""
        result = f"value{len(self._nodes)}"
        self._nodes.append(self._helper.make_node(operation, list(names), [result], **attributes))
        return result

    def _placeholder(self, node: Node, inputs: list[str]) -> str:
        del inputs
        sides = [int(side["size"]) for side in node["attr"]["shape"]["shape"]["dim"]]
        self._inputs.append(self._helper.make_tensor_value_info(node["name"], 1, sides))
        return str(node["name"])

    def _convolve(self, node: Node, inputs: list[str]) -> str:
        kernel = self._require_constant(inputs[1]).transpose(3, 2, 0, 1)
        x = self._rows_last(node, inputs[0])
        y = self._emit_on(
            "Conv",
            [x, self._initializer(np.ascontiguousarray(kernel))],
            kernel_shape=list(kernel.shape[2:]),
            dilations=_attribute(node, "dilations")[1:3],
            **_sliding(node),
        )
        return self._emit_on("Transpose", [y], perm=_TO_CHANNELS_LAST)

    def _pool(self, node: Node, inputs: list[str]) -> str:
        x = self._rows_last(node, inputs[0])
        y = self._emit_on("MaxPool", [x], kernel_shape=_attribute(node, "ksize")[1:3], **_sliding(node))
        return self._emit_on("Transpose", [y], perm=_TO_CHANNELS_LAST)

    def _rows_last(self, node: Node, reference: str) -> str:
        if _attribute(node, "data_format") != "NHWC":
            raise ModelFileError(f"The graph model's {node['op']} does not have its channels last.")
        return self._emit_on("Transpose", [self._value(reference)], perm=_TO_ROWS_LAST)

    def _add(self, node: Node, inputs: list[str]) -> str:
        del node
        return self._emit("Add", inputs[:2])

    def _transpose(self, node: Node, inputs: list[str]) -> str:
        del node
        return self._emit("Transpose", inputs[:1], perm=self._require_constant(inputs[1]).tolist())

    def _pad(self, node: Node, inputs: list[str]) -> str:
        del node
        # TensorFlow lists (before, after) for each axis, ONNX all befores and then all afters.
        names = [self._value(inputs[0]), self._integers(self._require_constant(inputs[1]).T)]
        if len(inputs) > 2:
            names.append(self._initializer(self._require_constant(inputs[2]).astype(np.float32)))
        return self._emit_on("Pad", names)

    def _concatenate(self, node: Node, inputs: list[str]) -> str:
        del node
        return self._emit("Concat", inputs[:-1], axis=int(self._require_constant(inputs[-1])))

    def _split(self, node: Node, inputs: list[str]) -> str:
        """Add a split and enter its results; the caller enters the first."""
        name = str(node["name"])
        sizes = self._require_constant(inputs[1])
        results = [f"{name}:{index}" for index in range(len(sizes))]
        self._nodes.append(
            self._helper.make_node(
                "Split",
                [self._value(inputs[0]), self._integers(sizes)],
                results,
                axis=int(self._require_constant(inputs[2])),
            )
        )
        self._built.update({reference: reference for reference in results})
        return results[0]

    def _reshape(self, node: Node, inputs: list[str]) -> str:
        del node
        return self._emit_on("Reshape", [self._value(inputs[0]), self._integers(self._require_constant(inputs[1]))])

    def _resize(self, node: Node, inputs: list[str]) -> str:
        if not _attribute(node, "half_pixel_centers") or _attribute(node, "align_corners"):
            raise ModelFileError("The graph model resizes in a way that can't be rebuilt.")
        x = self._emit_on("Transpose", [self._value(inputs[0])], perm=_TO_ROWS_LAST)
        kept = self._emit_on(
            "Slice", [self._emit_on("Shape", [x]), self._integers(np.array([0])), self._integers(np.array([2]))]
        )
        sizes = self._emit_on("Concat", [kept, self._integers(self._require_constant(inputs[1]))], axis=0)
        y = self._emit_on("Resize", [x, "", "", sizes], mode="linear", coordinate_transformation_mode="half_pixel")
        return self._emit_on("Transpose", [y], perm=_TO_CHANNELS_LAST)


def _attribute(node: Node, name: str) -> Any:
    """Return an attribute: a number, a truth value, a text (base64 in the file), or a list of integers."""
    value = node["attr"][name]
    if "list" in value:
        return [int(item) for item in value["list"]["i"]]
    if "s" in value:
        return base64.b64decode(value["s"]).decode("ascii")
    return next(iter(value.values()))


def _sliding(node: Node) -> dict[str, Any]:
    """Return the attributes that convolution and pooling share."""
    padding = {"SAME": "SAME_UPPER", "VALID": "VALID"}[_attribute(node, "padding")]
    return {"strides": _attribute(node, "strides")[1:3], "auto_pad": padding}


def _fill_sparse(parts: Sequence[Array]) -> Array:
    """Return the dense array of (indices, shape, values, default)."""
    indices, shape, values, default = parts
    dense = np.full(shape.tolist(), default)
    dense[tuple(indices.T)] = values
    return dense
