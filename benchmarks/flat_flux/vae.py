"""An autoencoder of the real class with weights set by hand: a latent pixel is the mean color of a cell of 64 x 64 pixels."""

import torch
from diffusers import AutoencoderKL

__all__ = ["CELL_PX", "make_vae"]

BLOCKS = 7
CELL_PX = 2 ** (BLOCKS - 1)
"""Makes a picture of 16 x 16 cells 1024 x 1024 pixels, which is a size of the hosted endpoint."""
CHANNELS = 8
ANCHOR = 64.0
"""What the two constant channels hold: so much more than colors do that the group norm's deviation is theirs."""


@torch.no_grad()
def make_vae() -> AutoencoderKL:
    """Return the autoencoder: exact to the byte on pictures of flat cells.

    Notes
    -----
    Between its convolutions the class has a group norm and SiLU. Each color is therefore carried twice, with both signs, since
    silu(x) - silu(-x) = x, beside two constant channels of opposite sign that dominate the norm's deviation. Downsampling
    averages 2 x 2 pixels and upsampling repeats them. Scale and shift are not neutral, so that leaving them out would show.
    """
    vae = AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * BLOCKS,
        up_block_types=("UpDecoderBlock2D",) * BLOCKS,
        block_out_channels=(CHANNELS,) * BLOCKS,
        layers_per_block=0,
        latent_channels=3,
        norm_num_groups=1,
        scaling_factor=1.25,
        shift_factor=0.1,
        use_quant_conv=False,
        use_post_quant_conv=False,
        mid_block_add_attention=False,
    ).eval()
    for module in vae.modules():
        if isinstance(module, torch.nn.Conv2d):
            module.weight.zero_()
            module.bias.zero_()  # type: ignore[union-attr]  # every convolution of the class has one
    for half in (vae.encoder, vae.decoder):
        for color in range(3):
            half.conv_in.weight[color, color, 1, 1] = half.conv_out.weight[color, color, 1, 1] = 1
            half.conv_in.weight[3 + color, color, 1, 1] = half.conv_out.weight[color, 3 + color, 1, 1] = -1
        half.conv_in.bias[6], half.conv_in.bias[7] = ANCHOR, -ANCHOR
        half.conv_norm_out.weight[:] = ANCHOR / 2  # the deviation of eight channels of which two hold it
    same = torch.eye(CHANNELS)
    for block in vae.encoder.down_blocks:
        for sampler in block.downsamplers or ():
            sampler.conv.weight[:, :, :2, :2] = same[:, :, None, None] / 4
    for block in vae.decoder.up_blocks:
        for sampler in block.upsamplers or ():
            sampler.conv.weight[:, :, 1, 1] = same
    return vae
