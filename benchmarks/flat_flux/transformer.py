"""A tiny transformer of the real class that starts as one that copies its reference; what is left to be learnt is the edit.

Of the 64 channels of a token 12 hold its own latents and are never written again, 12 the edit, and 12 receive what the last
block's first head copies: the latents and the edit of the reference's token at the same place. From the noisy latents x and the
copy c the output layer makes the velocity (x - c) / sigma. Two constant channels dominate the layer norms, which are nearly
linear for that.
"""

import math
from collections.abc import Iterable, Iterator
from typing import Any, Final

import torch
from diffusers import FluxTransformer2DModel
from torch import nn

from benchmarks.flat_flux.pictures import CELLS
from benchmarks.flat_flux.text import WIDTH as TEXT_WIDTH

__all__ = ["GRID", "GUIDANCE", "TOKEN_CHANNELS", "apply_edit_blocks", "edit_blocks", "make_transformer", "predict"]

TOKEN_CHANNELS: Final = 12
"""2 x 2 cells of three colors."""
GRID: Final = CELLS // 2
GUIDANCE: Final = 2.5
WIDTH: Final = 64
HEAD_WIDTH: Final = 32
AXES: Final = (8, 12, 12)
OWN, EDIT, COPY = slice(0, 12), slice(12, 24), slice(24, 36)
ANCHORS, BALANCES = slice(36, 38), slice(38, 40)
ANCHOR: Final = 16.0
SHARPNESS: Final = 3.5


@torch.no_grad()
def make_transformer() -> Any:
    """Return the transformer: two double blocks that learn the edit, and one single block that copies."""
    model = FluxTransformer2DModel(
        patch_size=1,
        in_channels=TOKEN_CHANNELS,
        num_layers=2,
        num_single_layers=1,
        attention_head_dim=HEAD_WIDTH,
        num_attention_heads=WIDTH // HEAD_WIDTH,
        joint_attention_dim=TEXT_WIDTH,
        pooled_projection_dim=TEXT_WIDTH,
        guidance_embeds=True,
        axes_dims_rope=AXES,
    )
    _start_embedders(model)
    for block in model.transformer_blocks:
        attention = block.attn
        _start_modulation(block.norm1.linear, gates=(2, 5))
        _start_modulation(block.norm1_context.linear, gates=(2, 5))
        _start_readers(attention.to_q, attention.to_k, attention.to_v, block.ff.net[0].proj)
        _start_readers(attention.add_q_proj, attention.add_k_proj, attention.add_v_proj, block.ff_context.net[0].proj)
        _start_writers(_writers(block))
    for block in edit_blocks(model):
        _protect(_writers(block))
    last = model.single_transformer_blocks[-1]
    _start_modulation(last.norm.linear, gates=(2,))
    _start_readers(last.attn.to_q, last.attn.to_k, last.attn.to_v, last.proj_mlp)
    _start_writers([last.proj_out])
    _start_copying(last)
    _start_output(model)
    return model


def edit_blocks(model: Any) -> Iterable[Any]:
    """Return the blocks that make the edit: all but the one that copies."""
    blocks: Iterable[Any] = model.transformer_blocks
    return blocks


def predict(model: Any, noisy: torch.Tensor, reference: torch.Tensor, sigma: torch.Tensor, text: Any) -> torch.Tensor:
    """Return the velocity, (B, N, 12), of noisy tokens beside their reference; ``text`` is (sequence, pooled)."""
    sequence, pooled = text
    velocity: torch.Tensor = model(
        hidden_states=torch.cat([noisy, reference], 1),
        timestep=sigma,
        guidance=torch.full((len(noisy),), GUIDANCE),
        pooled_projections=pooled,
        encoder_hidden_states=sequence,
        txt_ids=torch.zeros(sequence.shape[1], 3),
        img_ids=torch.cat([_positions(0), _positions(1)]),
        return_dict=False,
    )[0]
    return velocity[:, : noisy.shape[1]]


def apply_edit_blocks(model: Any, reference: torch.Tensor, sigma: torch.Tensor, text: Any) -> torch.Tensor:
    """Return the reference with the edit that the edit blocks see in it when no noisy tokens are beside it: (B, N, 12)."""
    sequence, pooled = text
    embedding = model.time_text_embed(1000 * sigma, torch.full((len(reference),), 1000 * GUIDANCE), pooled)
    context, hidden = model.context_embedder(sequence), model.x_embedder(reference)
    rotary = model.pos_embed(torch.cat([torch.zeros(sequence.shape[1], 3), _positions(1)]))
    for block in edit_blocks(model):
        context, hidden = block(
            hidden_states=hidden, encoder_hidden_states=context, temb=embedding, image_rotary_emb=rotary
        )
    edited: torch.Tensor = reference + hidden[..., EDIT]
    return edited


def _positions(plane: int) -> torch.Tensor:
    rows, columns = torch.meshgrid(torch.arange(GRID), torch.arange(GRID), indexing="ij")
    return torch.stack([torch.full_like(rows, plane), rows, columns], dim=-1).reshape(-1, 3).float()


def _writers(block: Any) -> list[nn.Linear]:
    return [block.attn.to_out[0], block.attn.to_add_out, block.ff.net[2], block.ff_context.net[2]]


def _balance(weight: torch.Tensor) -> None:
    """Make the columns of an output matrix sum to zero, since layer norms take the mean away."""
    weight[BALANCES] = 0
    weight[BALANCES.start] = -weight.sum(0)


def _start_embedders(model: Any) -> None:
    own = model.x_embedder.weight
    own[: BALANCES.stop] = 0
    own[OWN] = torch.eye(TOKEN_CHANNELS)
    words = model.context_embedder.weight
    words.mul_(2)[: BALANCES.stop] = 0
    for layer in (model.x_embedder, model.context_embedder):
        _balance(layer.weight)
        layer.bias.zero_()
        layer.bias[ANCHORS] = torch.tensor([ANCHOR, -ANCHOR])


def _start_modulation(layer: nn.Linear, *, gates: Iterable[int]) -> None:
    layer.weight.normal_(0, 0.003)
    layer.bias.zero_()
    for gate in gates:
        layer.bias[gate * WIDTH : (gate + 1) * WIDTH] = 1


def _start_readers(*layers: nn.Linear) -> None:
    for layer in layers:
        layer.weight.mul_(2)[:, ANCHORS] = 0


def _start_writers(layers: Iterable[nn.Linear]) -> None:
    for layer in layers:
        for channels in (OWN, COPY, ANCHORS):
            layer.weight[channels] = 0
        layer.weight[EDIT] *= 0.1
        _balance(layer.weight.mul_(0.5))
        layer.bias.zero_()


def _protect(layers: Iterable[Any]) -> None:
    """Let training never write to a token's own latents, the copy, or the anchors."""
    free = torch.ones(WIDTH)
    for channels in (OWN, COPY, ANCHORS):
        free[channels] = 0
    for layer in layers:
        layer.weight.register_hook(lambda gradient: gradient * free[:, None])
        layer.bias.register_hook(lambda gradient: gradient * free)


def _start_copying(block: Any) -> None:
    """Make the first head look at its own place on the plane behind: queries and keys are constant but for their positions."""
    attention = block.attn
    query, key = torch.zeros(HEAD_WIDTH), torch.zeros(HEAD_WIDTH)
    for pair, weight, phase in _rotary_pairs():
        key[2 * pair] = math.sqrt(weight)
        query[2 * pair] = math.sqrt(weight) * math.cos(phase)
        query[2 * pair + 1] = math.sqrt(weight) * math.sin(phase)
        for norm in (attention.norm_q, attention.norm_k):
            norm.weight[2 * pair : 2 * pair + 2] = SHARPNESS
    for layer, constant in ((attention.to_q, query), (attention.to_k, key), (attention.to_v, torch.zeros(HEAD_WIDTH))):
        layer.weight[:HEAD_WIDTH] = 0
        layer.bias[:HEAD_WIDTH] = 3 * constant
    block.proj_out.weight[:, :HEAD_WIDTH] = 0
    block.proj_out.weight[COPY, :TOKEN_CHANNELS] = torch.eye(TOKEN_CHANNELS)
    block.proj_out.weight[BALANCES.stop - 1, :TOKEN_CHANNELS] = -1
    attention.to_v.weight[:TOKEN_CHANNELS, OWN] = torch.eye(TOKEN_CHANNELS)
    attention.to_v.weight[:TOKEN_CHANNELS, EDIT] = torch.eye(TOKEN_CHANNELS)


def _rotary_pairs() -> Iterator[tuple[int, float, float]]:
    """Yield pair, weight and phase: the plane is preferred at a step of one, row and column at a step of none."""
    row, column = AXES[0] // 2, (AXES[0] + AXES[1]) // 2
    yield 0, 3.0, 0.5 + math.pi / 2  # where cos(1 - phase) - cos(0 - phase) is largest
    for pair in (row, row + 1, column, column + 1):
        yield pair, 2.0, 0.0


def _start_output(model: Any) -> None:
    """Make the output the difference of noisy latents and copy; what it is divided by is fitted by training."""
    model.norm_out.linear.weight.zero_()
    model.norm_out.linear.bias.zero_()
    model.proj_out.weight.zero_()
    model.proj_out.bias.zero_()
    model.proj_out.weight[:, OWN] = torch.eye(TOKEN_CHANNELS)
    model.proj_out.weight[:, COPY] = -torch.eye(TOKEN_CHANNELS)
