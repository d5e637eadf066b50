"""A throw-away authority, a signer's certificate, and small pictures."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.authority import Authority, make_authority


@pytest.fixture(scope="session")
def authority() -> Authority:
    return make_authority()


@pytest.fixture
def pem_files(authority: Authority, tmp_path: Path) -> tuple[Path, Path]:
    """Paths of the certificate chain and of its key."""
    return authority.write(tmp_path)


def picture(format_: str, *, seed: int = 0, **options) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 255, (24, 32, 3)).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format_, **options)
    return buffer.getvalue()


def pixels_of(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
