"""How much memory a way of running the model takes, counted from the architecture. Imports no torch.

Notes
-----
Bytes of activations in one pass of the transformer: ``20 * batch * tokens * width * 2``. A token is kept about twenty times over
at the widest moment of a block: residual and normed stream (2), queries, keys and values (3) with their rotated float32 copies
(6), the output of attention (1), and the four-fold hidden layer before and behind its nonlinearity (8). Attention itself
runs under SDPA, which never holds the tokens x tokens matrix. Measured with torch's memory profiler on the real class on a CPU:
16.3 in float32, 19.3 in bfloat16.

Bytes of decoding a picture: ``8 * pixels * channels * 2`` with the decoder's 256 channels at full resolution; 3.8 was measured on
a CPU in float32, the rest is room for a card's convolution workspaces. Tiles of 512 x 512 pixels cut that to a tile's and the
picture.

A margin of 0.5 GB and 5 % stands on top, for the allocator's gaps and the libraries' workspaces.
"""

from typing import Final

from retouch.engines.flux.checkpoint import CheckpointSizes, PartSizes
from retouch.engines.flux.plan import Candidate, Wants

__all__ = ["ACTIVATION_COPIES", "TILE_PX", "WIDTHS", "device_need", "picture_need", "system_need"]

ACTIVATION_COPIES: Final = 20
DECODE_COPIES: Final = 8
TILE_PX: Final = 512
EIGHT_BIT_OVERHEAD: Final = 1.005
"""A float32 scale and an int8 zero point for each row of a matrix."""
STREAMED_BLOCKS: Final = 3
"""Blocks on the card at a time when they are streamed: one at work, one arriving, one leaving."""
MARGIN_BYTES: Final = 500_000_000
MARGIN_SHARE: Final = 0.05
HOST_MARGIN_BYTES: Final = 2_000_000_000
WIDTHS: Final = {"float32": 4, "bfloat16": 2, "float16": 2}
"""Bytes of a value."""


def device_need(candidate: Candidate, sizes: CheckpointSizes, wants: Wants) -> int:
    """Return the most bytes of the device's memory that a way of running takes."""
    transformer, vae = _transformer_bytes(candidate, sizes), sizes.vae_elements * WIDTHS[candidate.compute]
    texts = _text_bytes(candidate, sizes)
    tokens = wants.pixels // sizes.pixels_a_token**2
    denoising = _activation_bytes(sizes, wants.batch_size, sizes.text_tokens + (1 + wants.pictures) * tokens)
    denoising = denoising * WIDTHS[candidate.compute] // 2 + _unpacked_bytes(candidate, sizes)
    decoding = _decode_bytes(candidate, sizes, wants.pixels)
    match candidate.offload:
        case "none":
            total = transformer + texts + vae + max(denoising, decoding)
        case "encoders":
            total = transformer + vae + max(denoising, decoding, _streamed_text_bytes(candidate, sizes))
        case "model":
            total = max(transformer + denoising, texts, vae + decoding)
        case _:
            total = vae + max(
                _streamed_transformer_bytes(candidate, sizes) + denoising,
                decoding,
                _streamed_text_bytes(candidate, sizes),
            )
    return int(total * (1 + MARGIN_SHARE)) + MARGIN_BYTES


def picture_need(candidate: Candidate, sizes: CheckpointSizes, wants: Wants) -> int:
    """Return the bytes of the device's memory that each further input picture of a request takes."""
    tokens = wants.pixels // sizes.pixels_a_token**2
    return _activation_bytes(sizes, wants.batch_size, tokens) * WIDTHS[candidate.compute] // 2


def system_need(candidate: Candidate, sizes: CheckpointSizes) -> int:
    """Return the bytes of system memory that parts off the device take; 0 when there are none."""
    texts, transformer = _text_bytes(candidate, sizes), _transformer_bytes(candidate, sizes)
    vae = sizes.vae_elements * WIDTHS[candidate.compute]
    held = {"none": 0, "encoders": texts, "model": texts + transformer + vae, "group": texts + transformer}
    parked = held[candidate.offload]
    return parked + HOST_MARGIN_BYTES if parked else 0


def _held_bytes(part: PartSizes, precision: str, compute: str) -> int:
    full = WIDTHS[compute]
    if precision in WIDTHS:
        return part.elements * WIDTHS[precision]
    return int(part.matrix_elements * EIGHT_BIT_OVERHEAD) + part.other_elements * full


def _transformer_bytes(candidate: Candidate, sizes: CheckpointSizes) -> int:
    if sizes.transformer.gguf_bytes is not None:
        return sizes.transformer.gguf_bytes
    return _held_bytes(sizes.transformer.part, candidate.precision, candidate.compute)


def _text_bytes(candidate: Candidate, sizes: CheckpointSizes) -> int:
    t5 = _held_bytes(sizes.t5, candidate.text_precision, candidate.compute)
    return t5 + sizes.clip.elements * WIDTHS[candidate.compute]


def _streamed_text_bytes(candidate: Candidate, sizes: CheckpointSizes) -> int:
    """The text encoders move leaf by leaf: the largest (the table of words), the one behind it, and a prompt's values."""
    largest = max(sizes.t5.largest_elements, sizes.clip.largest_elements)
    return 2 * largest * WIDTHS[candidate.compute] + 200 * sizes.text_tokens * sizes.transformer.width


def _streamed_transformer_bytes(candidate: Candidate, sizes: CheckpointSizes) -> int:
    transformer = sizes.transformer
    share = min(1.0, STREAMED_BLOCKS * transformer.largest_block_elements / max(transformer.part.matrix_elements, 1))
    other = transformer.part.other_elements * WIDTHS[candidate.compute]
    return int(share * max(_transformer_bytes(candidate, sizes) - other, 0)) + other


def _unpacked_bytes(candidate: Candidate, sizes: CheckpointSizes) -> int:
    """A matrix in 8 bits or GGUF is unpacked when it is used: the largest one, with the float32 values between."""
    if candidate.precision in WIDTHS:
        return 0
    return 3 * 4 * sizes.transformer.part.largest_elements // 2


def _activation_bytes(sizes: CheckpointSizes, batch_size: int, tokens: int) -> int:
    """In a type of two bytes."""
    return ACTIVATION_COPIES * batch_size * tokens * sizes.transformer.width * 2


def _decode_bytes(candidate: Candidate, sizes: CheckpointSizes, pixels: int) -> int:
    width = WIDTHS[candidate.compute]
    at_a_time = min(pixels, TILE_PX * TILE_PX) if candidate.vae_tiling else pixels
    kept = 3 * 3 * pixels * width if candidate.vae_tiling else 0
    return DECODE_COPIES * at_a_time * sizes.vae_channels * width + kept
