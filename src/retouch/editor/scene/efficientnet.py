"""EfficientNet-Lite as an ONNX graph, built from its weights: fully convolutional, a class score at every position.

References
----------
M. Tan, Q. Le, "EfficientNet: rethinking model scaling for convolutional neural networks", ICML 2019.
B. Zhou et al., "Learning deep features for discriminative localization", CVPR 2016 (the last layer at every position).
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from retouch.editor.scene.torch_weights import read_state_dict
from retouch.errors import ModelFileError

__all__ = [
    "EFFICIENTNET_CONVERTER",
    "INPUT_NAME",
    "LOGITS_NAME",
    "POOLED_LOGITS_NAME",
    "STRIDE_PX",
    "convert_efficientnet_lite",
]

EFFICIENTNET_CONVERTER: Final = 1
"""To be raised with each change of the graph that is built here."""

INPUT_NAME: Final = "image"
LOGITS_NAME: Final = "logits"
POOLED_LOGITS_NAME: Final = "pooled_logits"
STRIDE_PX: Final = 32
"""Input pixels per position of the output."""

POOLED_POSITIONS: Final = 5
"""``pooled_logits`` are averages over 5 x 5 positions: at a large input, a window then sees about as much as in training."""

_BATCH_NORM_EPSILON: Final = 1e-3
_BLOCK_STAGE_STRIDES: Final = (1, 2, 2, 2, 1, 2, 1)
_OPSET: Final = 13
_IR_VERSION: Final = 8

Weights = Mapping[str, npt.NDArray[Any]]


def convert_efficientnet_lite(path: Path) -> bytes:
    """Turn a state dict of EfficientNet-Lite into an ONNX graph.

    Parameters
    ----------
    path : Path
        The verified weight file.

    Returns
    -------
    bytes
        A serialized graph: ``image`` (1, 3, H, W) float32, ``(sRGB - 127) / 128``, to ``logits`` (1, classes, H / 32, W / 32),
        rounded up, and ``pooled_logits`` of the same shape. The mean of the logits over the positions is the classifier's own
        answer, since its last layer is linear.

    Raises
    ------
    ModelFileError
        The file can't be read, or does not hold such a network.

    Notes
    -----
    Batch norms are folded into the convolutions before them. Everything but the strides follows from the weights' shapes:
    a stage begins where the number of channels changes.
    """
    weights = read_state_dict(path)
    try:
        return _GraphBuilder(weights).build()
    except KeyError as exc:
        raise ModelFileError("The weight file does not hold an EfficientNet-Lite.") from exc


class _GraphBuilder:
    """Collects the nodes and initializers of one graph."""

    def __init__(self, weights: Weights) -> None:
        # Imported here: it is only needed while a graph is built.
        from onnx import helper, numpy_helper

        self._helper, self._to_tensor = helper, numpy_helper.from_array
        self._weights = weights
        self._nodes: list[Any] = []
        self._initializers: list[Any] = [
            self._to_tensor(np.float32(0.0), "relu_low"),
            self._to_tensor(np.float32(6.0), "relu_high"),
        ]

    def build(self) -> bytes:
        """Return the serialized graph."""
        x = self._convolve(INPUT_NAME, "_conv_stem", "_bn0", stride=2, activate=True)
        for index, stride in enumerate(self._block_strides()):
            x = self._inverted_residual(x, f"_blocks.{index}", stride)
        x = self._convolve(x, "_conv_head", "_bn1", activate=True)
        self._classify_positions(x)

        helper = self._helper
        graph = helper.make_graph(
            self._nodes,
            "efficientnet_lite",
            [helper.make_tensor_value_info(INPUT_NAME, 1, [1, 3, "height", "width"])],
            [
                helper.make_tensor_value_info(name, 1, [1, "classes", "rows", "columns"])
                for name in (LOGITS_NAME, POOLED_LOGITS_NAME)
            ],
            self._initializers,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR_VERSION)
        return bytes(model.SerializeToString())

    def _block_strides(self) -> list[int]:
        """Return the stride of each block: a stage's first block takes the stage's stride, the others 1."""
        indices = {int(m[1]) for key in self._weights if (m := re.match(r"_blocks\.(\d+)\._project_conv\.weight", key))}
        strides, previous, stage = [], 0, -1
        for index in sorted(indices):
            channels = self._weights[f"_blocks.{index}._project_conv.weight"].shape[0]
            starts = channels != previous
            stage += starts
            strides.append(_BLOCK_STAGE_STRIDES[stage] if starts else 1)
            previous = channels
        return strides

    def _inverted_residual(self, x: str, name: str, stride: int) -> str:
        """Add one block: expand (where there is an expansion), depthwise, project, and the skip where shapes allow it."""
        channels_in = self._channels_into(name)
        y = x
        if f"{name}._expand_conv.weight" in self._weights:
            y = self._convolve(y, f"{name}._expand_conv", f"{name}._bn0", activate=True)
        y = self._convolve(y, f"{name}._depthwise_conv", f"{name}._bn1", stride=stride, activate=True, depthwise=True)
        y = self._convolve(y, f"{name}._project_conv", f"{name}._bn2")
        if stride == 1 and channels_in == self._weights[f"{name}._project_conv.weight"].shape[0]:
            self._nodes.append(self._helper.make_node("Add", [x, y], [f"{name}.sum"]))
            y = f"{name}.sum"
        return y

    def _channels_into(self, name: str) -> int:
        expand = self._weights.get(f"{name}._expand_conv.weight")
        if expand is not None:
            return int(expand.shape[1])
        return int(self._weights[f"{name}._depthwise_conv.weight"].shape[0])

    def _convolve(
        self, x: str, conv: str, norm: str, *, stride: int = 1, activate: bool = False, depthwise: bool = False
    ) -> str:
        """Add a convolution with its batch norm folded in, and ReLU6."""
        kernel = self._weights[f"{conv}.weight"]
        scale = self._weights[f"{norm}.weight"] / np.sqrt(self._weights[f"{norm}.running_var"] + _BATCH_NORM_EPSILON)
        bias = self._weights[f"{norm}.bias"] - self._weights[f"{norm}.running_mean"] * scale
        folded = np.ascontiguousarray(kernel * scale[:, None, None, None], dtype=np.float32)
        self._initializers += [
            self._to_tensor(folded, f"{conv}.w"),
            self._to_tensor(bias.astype(np.float32), f"{conv}.b"),
        ]
        self._nodes.append(
            self._helper.make_node(
                "Conv",
                [x, f"{conv}.w", f"{conv}.b"],
                [f"{conv}.out"],
                auto_pad="SAME_UPPER",  # how TensorFlow, where the weights come from, pads
                strides=[stride, stride],
                kernel_shape=list(kernel.shape[2:]),
                group=kernel.shape[0] if depthwise else 1,
            )
        )
        if not activate:
            return f"{conv}.out"
        self._nodes.append(self._helper.make_node("Clip", [f"{conv}.out", "relu_low", "relu_high"], [f"{conv}.act"]))
        return f"{conv}.act"

    def _classify_positions(self, x: str) -> None:
        """Add the last, fully connected layer as a 1 x 1 convolution, and its averages over the neighbors."""
        kernel = np.ascontiguousarray(self._weights["_fc.weight"][:, :, None, None], dtype=np.float32)
        bias = np.ascontiguousarray(self._weights["_fc.bias"], dtype=np.float32)
        self._initializers += [self._to_tensor(kernel, "fc.w"), self._to_tensor(bias, "fc.b")]
        self._nodes += [
            self._helper.make_node("Conv", [x, "fc.w", "fc.b"], [LOGITS_NAME], kernel_shape=[1, 1]),
            self._helper.make_node(
                "AveragePool",
                [LOGITS_NAME],
                [POOLED_LOGITS_NAME],
                kernel_shape=[POOLED_POSITIONS] * 2,
                pads=[POOLED_POSITIONS // 2] * 4,
                count_include_pad=0,
            ),
        ]
