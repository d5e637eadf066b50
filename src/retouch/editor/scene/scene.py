"""The scene: what one picture shows, computed on demand and kept."""

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar, cast, overload

from retouch.editor.instructions.plan import Target, TargetKind
from retouch.editor.scene.animal_head import find_animal_head
from retouch.editor.scene.classifier import ClassMaps, class_heat, classify, describe_labels, map_classes, map_square
from retouch.editor.scene.detector import (
    DETECTOR_CONVERTER,
    DETECTOR_NAME,
    GRAPH_NAME,
    Detection,
    convert_detector,
    detect,
)
from retouch.editor.scene.efficientnet import EFFICIENTNET_CONVERTER, convert_efficientnet_lite
from retouch.editor.scene.enlarge import enlarge_layer, enlarge_mask, reduce_for_analysis
from retouch.editor.scene.faces import FaceNetworks, find_faces
from retouch.editor.scene.find import find_target
from retouch.editor.scene.head import find_head
from retouch.editor.scene.instances import believe, count_kinds, describe_counts
from retouch.editor.scene.landscape import Landscape, find_vegetation, find_water, is_sea_below_sky, judge_landscape
from retouch.editor.scene.light import estimate_light
from retouch.editor.scene.locator import LOCATOR_NAME, Locator, Sighting
from retouch.editor.scene.nested import Nested, split_nested
from retouch.editor.scene.nouns import noun_table
from retouch.editor.scene.people import cut_out_people
from retouch.editor.scene.regions import find_ground, find_horizon, find_sky
from retouch.editor.scene.subject import find_subject, score_saliency
from retouch.editor.scene.text import TextLine, read_text
from retouch.editor.scene.values import Box, Face, Finding, Head, Horizon, Light, Subject
from retouch.images.array_types import FloatImage, Mask, Pixels
from retouch.images.color import to_float
from retouch.images.masks import estimate_layers
from retouch.models import ModelStore, Session

__all__ = ["Box", "Face", "Finding", "Head", "Horizon", "Light", "Scene", "Subject"]

T = TypeVar("T")

_TOLD = 0.5
"""Score from which on a message tells of a detection."""
_FOUND_REDUCED = frozenset({TargetKind.NOUN, TargetKind.COLOR_PART, TargetKind.SUBJECT})
"""What is looked for in the reduced copy. Lettering needs every pixel; regions are drawn; sky and background are known masks."""


class Scene:
    """What one picture shows. Every property is computed at first use, once, under a lock; safe to share between threads.

    A picture of more than about a megapixel has a scene of its reduced copy inside, which finds everything; masks are then
    brought to the picture's size along its edges, positions are scaled.

    Parameters
    ----------
    pixels : (H, W, 3) uint8, sRGB
    models : ModelStore
    locator : Locator, optional
        Asked for nouns. By default the one in the model directory, where there is one.
    """

    def __init__(self, pixels: Pixels, models: ModelStore, locator: Locator | None = None) -> None:
        self.pixels = pixels
        self._locator = locator
        self._models = models
        self._known: dict[str, object] = {}
        self._lock = threading.RLock()
        reduced = reduce_for_analysis(pixels)
        self._small = None if reduced is None else Scene(reduced, models, locator)

    def _once(self, key: str, compute: Callable[[], T]) -> T:
        with self._lock:
            if key not in self._known:
                self._known[key] = compute()
            return cast(T, self._known[key])

    def keep(self, key: str, compute: Callable[[], T]) -> T:
        """Return what an operation computes from this picture alone, from the second time on without computing it.

        Of a picture of many megapixels it is computed each time: kept, it would take hundreds of megabytes.
        """
        return compute() if self._small is not None else self._once(f"kept {key}", compute)

    def _mask(self, name: str, compute: Callable[[], Mask | None]) -> Mask | None:
        """Return the mask that the property ``name`` stands for: computed, or the reduced scene's, enlarged."""
        small = self._small
        if small is None:
            return self._once(name, compute)
        found: Mask | None = getattr(small, name)
        return self._enlarged(found)

    @overload
    def _enlarged(self, mask: Mask) -> Mask: ...
    @overload
    def _enlarged(self, mask: None) -> None: ...
    def _enlarged(self, mask: Mask | None) -> Mask | None:
        """Bring a mask that the reduced scene keeps to the picture's size, once."""
        return None if mask is None else self._once(f"enlarged {id(mask)}", lambda: enlarge_mask(self.pixels, mask))

    @property
    def _scale(self) -> float:
        """How many times longer the picture is than the reduced copy."""
        return 1.0 if self._small is None else self.pixels.shape[0] / self._small.pixels.shape[0]

    @property
    def subject(self) -> Subject:
        """The main subject, or an empty matte where there is none."""
        return self._once("subject", self._find_subject)

    def _find_subject(self) -> Subject:
        if self._small is None:
            return find_subject(self.pixels, self.saliency, look=self._score, faces=lambda: self.faces)
        found = self._small.subject
        return replace(found, matte=self._enlarged(found.matte))

    @property
    def nested(self) -> Nested | None:
        """The subject as a cup and what it stands on, where it shows the ellipses of both."""
        if self._small is not None:
            found = self._small.nested
            return None if found is None else self._once("nested", lambda: self._enlarge_nested(found))
        return self._once(
            "nested", lambda: split_nested(self.pixels, self.subject.matte) if self.subject.present else None
        )

    def _enlarge_nested(self, found: Nested) -> Nested:
        return Nested(self._enlarged(found.vessel), self._enlarged(found.base), self._enlarged(found.beside))

    @property
    def saliency(self) -> Mask:
        """(320, 320) float32 [0, 1]: how much each place stands out, where it is no sure subject as well."""
        if self._small is not None:
            return self._small.saliency
        return self._once("saliency", lambda: self._score(self.pixels))

    def _score(self, pixels: Pixels) -> Mask:
        return score_saliency(pixels, self._models.session("u2netp"))

    @property
    def foreground(self) -> FloatImage:
        """(H, W, 3) float32 [0, 1] sRGB: the subject's own colour, also where the matte is partial (for clean compositing)."""
        return self._once("foreground", self._estimate_foreground)

    def _estimate_foreground(self) -> FloatImage:
        if self._small is None:
            return estimate_layers(to_float(self.pixels), self.subject.matte)[0]
        return enlarge_layer(self.pixels, self._small.foreground, self.subject.matte)

    @property
    def sky(self) -> Mask | None:
        """(H, W) float32 [0, 1]; None where the picture shows no sky (indoors, close-ups)."""
        return self._mask("sky", lambda: find_sky(self.pixels, self.subject.matte, landscape=self.landscape))

    @property
    def horizon(self) -> Horizon | None:
        """The horizon, or None where nothing speaks for one."""
        if self._small is not None:
            found = self._small.horizon
            return None if found is None else replace(found, row=found.row * self._scale)
        return self._once("horizon", lambda: find_horizon(self.pixels, self.subject.matte, self.sky))

    @property
    def ground(self) -> Mask:
        """(H, W) float32 [0, 1]: where something could stand: floor, sand, grass, table top."""
        if self._small is not None:
            return self._enlarged(self._small.ground)
        return self._once("ground", lambda: find_ground(self.pixels, self.subject.matte, self.sky, self.horizon))

    @property
    def landscape(self) -> Landscape:
        """How surely the picture shows the open air."""
        return self._once("landscape", lambda: judge_landscape(self._square_classes))

    @property
    def water(self) -> Mask | None:
        """(H, W) float32 [0, 1]: sea, lake, river; None where the picture shows none (indoors, always)."""
        return self._mask("water", self._find_water)

    def _find_water(self) -> Mask | None:
        sure = self.landscape.shows_water
        if not sure and self.sky is None:
            return None
        row = None if self.horizon is None else self.horizon.row
        water = find_water(self.pixels, self.subject.matte, self.sky, row, self.vegetation)
        if water is None or sure or self.sky is None:
            return water
        return water if is_sea_below_sky(self.pixels, water, self.sky, self.subject.matte) else None

    @property
    def vegetation(self) -> Mask | None:
        """(H, W) float32 [0, 1]: grass, leaves, trees; None where nothing is green as leaves are."""
        return self._mask("vegetation", lambda: find_vegetation(self.pixels, self.subject.matte))

    @property
    def light(self) -> Light:
        """The light that falls on the scene."""
        if self._small is not None:
            return self._small.light
        return self._once("light", lambda: estimate_light(self.pixels, self.subject.matte))

    @property
    def head(self) -> Head | None:
        """The subject's head, at best guess; None without a subject."""
        if self._small is not None:
            found = self._small.head
            return None if found is None else found.scaled(self._scale)
        return self._once("head", self._find_head)

    def _find_head(self) -> Head | None:
        matte = self.subject.matte
        return find_head(
            self.pixels, matte, self.faces, animal=lambda: find_animal_head(self.pixels, matte, self._classifier())
        )

    @property
    def faces(self) -> tuple[Face, ...]:
        """People's faces with eyes and mouths, largest first."""
        if self._small is not None:
            return tuple(face.moved(0, 0, self._scale) for face in self._small.faces)
        return self._once("faces", lambda: find_faces(self.pixels, FaceNetworks.load(self._models)))

    @property
    def text_lines(self) -> tuple[TextLine, ...]:
        """The lettering that can be read. About half a second; computed only when an operation is about words."""
        return self._once("text_lines", lambda: read_text(self.pixels, self._models))

    def people(self, faces: tuple[Face, ...]) -> Mask:
        """Return (H, W) float32 [0, 1]: the people whom some of ``faces`` belong to. The subject, where it is the one person."""
        if self._small is not None:
            return self._enlarged(self._small.people(tuple(face.moved(0, 0, 1 / self._scale) for face in faces)))
        if len(self.faces) == 1 and self.head is not None and self.head.found_by == "face":
            return self.subject.matte
        return self._once(f"people {faces!r}", lambda: cut_out_people(self.pixels, faces, self.saliency))

    @property
    def class_maps(self) -> ClassMaps:
        """What the classifier sees, and where. Half a second; computed only when a noun must be verified."""
        if self._small is not None:
            return self._small.class_maps
        return self._once("class_maps", self._map_classes)

    def _map_classes(self) -> ClassMaps:
        return map_classes(self.pixels, self._classifier(), self._square_classes)

    @property
    def _square_classes(self) -> FloatImage:
        """The coarsest of the class maps: (classes, rows, columns) probabilities, in a tenth of the time of all of them."""
        if self._small is not None:
            return self._small._square_classes
        return self._once("square_classes", lambda: map_square(self.pixels, self._classifier()))

    def _classifier(self) -> Session:
        return self._models.converted_session(
            "efficientnet-lite2", convert_efficientnet_lite, version=EFFICIENTNET_CONVERTER
        )

    @property
    def labels(self) -> tuple[tuple[str, float], ...]:
        """What the classifier sees: up to 5 (canonical noun, probability), best first."""
        return self._once("labels", lambda: classify(self.class_maps))

    def describe(self) -> str:
        """Return what the picture shows, for a message: "two people and a cup", "a mug", "perhaps a palace or a church"."""
        counts = count_kinds(tuple(each for each in believe(self) if each.score >= _TOLD))
        return describe_counts(counts) if counts else describe_labels(self.labels)

    @property
    def detects(self) -> bool:
        """Whether the detector of people and things is installed."""
        return self._models.status(DETECTOR_NAME).path is not None

    @property
    def detections(self) -> tuple[Detection, ...]:
        """What the detector sees, surest first; none where it is not installed. Half a second, once."""
        if self._small is not None:
            return tuple(replace(each, box=each.box.moved(0, 0, self._scale)) for each in self._small.detections)
        return self._once("detections", self._detect)

    def _detect(self) -> tuple[Detection, ...]:
        if not self.detects:
            return ()
        session = self._models.converted_session(
            DETECTOR_NAME,
            lambda weights: convert_detector(self._models.path(GRAPH_NAME), weights),
            version=DETECTOR_CONVERTER,
        )
        return detect(self.pixels, session)

    def locate(self, noun: str) -> tuple[Mask, float] | None:
        """Return where a noun is.

        Returns
        -------
        heat : (H, W) float32 [0, 1]
            Coarse; 1 where the evidence is strongest.
        peak : float
            The highest probability of any window, 0 to 1.
        or None
            The noun has no classes in the table.
        """
        classes = noun_table().lookup(noun)
        if classes is None:
            return None
        return class_heat(self.class_maps, classes, (self.pixels.shape[0], self.pixels.shape[1]))

    def sight(self, noun: str) -> Sighting | None:
        """Return where the locator sees a noun; None where it does not, or where there is none. Raises ``ModelFileError``."""
        if self._small is not None:
            found = self._small.sight(noun)
            return None if found is None else found.scaled(self._scale)
        return self._once(f"sight {noun}", lambda: self._sight(noun))

    def _sight(self, noun: str) -> Sighting | None:
        locator = self._locator if self._locator is not None else self._load_locator()
        return None if locator is None else locator.locate(self.pixels, noun)

    def _load_locator(self) -> Locator | None:
        if not self._models.has_file(f"{LOCATOR_NAME}.onnx"):
            return None
        # Imported here: a tenth of a second for those who have no such file.
        from retouch.editor.scene.onnx_locator import load_locator

        return load_locator(self._models)

    def find(self, target: Target) -> Finding:
        """Resolve a target to a mask.

        Raises
        ------
        UnsupportedInstructionError
            Nothing in the picture matches; says what was looked for and what is there instead.
        """
        return self._once(f"find {target!r}", lambda: self._find(target))

    def _find(self, target: Target) -> Finding:
        if self._small is None or target.all_but or target.kind not in _FOUND_REDUCED:
            return find_target(self, target)
        found = self._small.find(target)
        return replace(found, mask=self._enlarged(found.mask))
