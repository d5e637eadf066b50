"""What `import retouch` promises, and what it costs."""

import subprocess
import sys

import pytest

import retouch
from retouch import errors


def test_the_public_names_are_these() -> None:
    assert set(retouch.__all__) == {
        "EditRequest",
        "EditResult",
        "EditedImage",
        "Editor",
        "Interpretation",
        "OutputFormat",
        "Progress",
        "Resolution",
        "__version__",
        "edit",
        *errors.__all__,
    }
    for name in retouch.__all__:
        assert getattr(retouch, name) is not None


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute"):
        _ = retouch.remove_everything


@pytest.mark.parametrize(
    ("statement", "forbidden"),
    [
        ("import retouch", {"torch", "fastapi", "cv2", "onnxruntime", "sqlalchemy", "PIL"}),
        ("import retouch", {"prometheus_client", "structlog", "opentelemetry"}),
        ("import retouch.pipeline, retouch.engines.builtin", {"prometheus_client", "structlog", "opentelemetry"}),
        ("import retouch.cli", {"torch", "fastapi", "cv2", "onnxruntime", "sqlalchemy", "skimage"}),
        ("import retouch.library", {"torch", "fastapi", "onnxruntime", "sqlalchemy"}),
    ],
)
def test_imports_stay_light(statement: str, forbidden: set[str]) -> None:
    code = f"import sys; {statement}; print(*sorted({forbidden!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_every_error_has_its_own_stable_code() -> None:
    codes = [getattr(errors, name).code for name in errors.__all__]
    assert len(set(codes)) == len(codes)
    for name in errors.__all__:
        assert name in (errors.__doc__ or ""), f"{name} is missing from the tree in the docstring"


def test_a_refusal_names_what_was_and_was_not_understood() -> None:
    error = errors.UnsupportedInstructionError(["blur the background"], ["make him smile"], "Try adding an object.")
    assert error.understood == ("blur the background",)
    assert '"make him smile"' in error.message
    assert "Try adding" in error.message
