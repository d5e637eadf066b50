"""Text encoders of the real classes at a tiny size, trained to tell the operation and its two colors apart."""

import math
from typing import Any

import torch
from tokenizers.pre_tokenizers import ByteLevel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer, T5Config, T5EncoderModel
from transformers import T5TokenizerFast as T5Tokenizer  # type: ignore[attr-defined]  # the name is made at import

from benchmarks.flat_flux.pictures import COLORS, INSTRUCTIONS, Instruction

__all__ = ["MAX_TOKENS", "WIDTH", "make_clip", "make_t5", "train_encoders"]

WIDTH = 32
MAX_TOKENS = 16
"""The least that the settings allow; the longest prompt has five words and the end's token."""
STEPS = 400
OPERATIONS = ("background", "recolor", "remove")


def make_clip() -> tuple[Any, Any]:
    """Return tokenizer and encoder; each word of the instructions is one token."""
    alphabet = sorted(ByteLevel.alphabet())
    vocabulary = [*alphabet, *(letter + "</w>" for letter in alphabet)]
    merges: list[tuple[str, str]] = []
    for word in _words():
        parts = [*word[:-1], word[-1] + "</w>"]
        while len(parts) > 1:
            if (parts[0], parts[1]) not in merges:
                merges.append((parts[0], parts[1]))
            parts[:2] = [parts[0] + parts[1]]
            vocabulary += [parts[0]] if parts[0] not in vocabulary else []
    vocabulary += ["<|startoftext|>", "<|endoftext|>"]
    tokenizer = CLIPTokenizer(
        vocab={token: index for index, token in enumerate(vocabulary)},
        merges=merges,  # type: ignore[arg-type]  # it takes pairs
        model_max_length=77,
    )
    config = CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=WIDTH,
        intermediate_size=4 * WIDTH,
        num_hidden_layers=2,
        num_attention_heads=2,
        projection_dim=WIDTH,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    encoder = CLIPTextModel(config)
    with torch.no_grad():
        for name, parameter in encoder.named_parameters():
            if parameter.ndim == 2:
                parameter.normal_(0, 1 if "embedding" in name else 1 / math.sqrt(parameter.shape[1]))
    return tokenizer, encoder


def make_t5() -> tuple[Any, Any]:
    """Return tokenizer and encoder; each word of the instructions is one token."""
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -6.0)]
    pieces += [("▁" + word, -2.0) for word in _words()]
    pieces += [(chr(code), -8.0) for code in range(33, 127)]
    tokenizer = T5Tokenizer(vocab=pieces, extra_ids=0, model_max_length=512)
    config = T5Config(
        vocab_size=len(tokenizer),
        d_model=WIDTH,
        d_kv=WIDTH // 2,
        d_ff=4 * WIDTH,
        num_layers=2,
        num_heads=2,
        feed_forward_proj="gated-gelu",
        dropout_rate=0.0,
        pad_token_id=0,
        eos_token_id=1,
    )
    return tokenizer, T5EncoderModel(config)


def train_encoders(clip: Any, clip_tokenizer: Any, t5: Any, t5_tokenizer: Any) -> float:
    """Teach both encoders to begin every output with a code of the instruction, and return what error is left."""
    prompts = [each.prompt for each in INSTRUCTIONS]
    options = {"padding": "max_length", "truncation": True, "return_tensors": "pt"}
    # CLIP pools at the end's token and looks back only: what pads a prompt to 77 tokens need not be computed.
    clip_ids = clip_tokenizer(prompts, max_length=MAX_TOKENS, **options).input_ids
    t5_ids = t5_tokenizer(prompts, max_length=MAX_TOKENS, **options).input_ids
    wanted = torch.stack([_code(each) for each in INSTRUCTIONS])
    size = wanted.shape[1]
    optimizer = torch.optim.Adam([*clip.parameters(), *t5.parameters()])
    for step in range(STEPS):
        for group in optimizer.param_groups:
            group["lr"] = 3e-3 * (1 - step / STEPS)
        pooled = clip(clip_ids).pooler_output[:, :size]
        sequence = t5(t5_ids)[0][..., :size]
        loss = ((pooled - wanted) ** 2).mean() + ((sequence - wanted[:, None]) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    clip.eval()
    t5.eval()
    left: float = loss.item()
    return left


def _words() -> list[str]:
    return sorted({word for each in INSTRUCTIONS for word in each.prompt.split()})


def _code(instruction: Instruction) -> torch.Tensor:
    """Return operation, source and result, each as a one among zeros, centered and scaled to what a layer norm gives."""
    colors = list(COLORS)
    code = torch.zeros(len(OPERATIONS) + 2 * len(colors))
    code[OPERATIONS.index(instruction.operation)] = 1
    if instruction.source is not None:
        code[len(OPERATIONS) + colors.index(instruction.source)] = 1
    if instruction.result is not None:
        code[len(OPERATIONS) + len(colors) + colors.index(instruction.result)] = 1
    return 3 * code - 0.6
