"""Ray march a model of solids to an RGBA picture: cone marching, normals, ambient occlusion, soft shadow, Blinn-Phong gloss.

References
----------
J. C. Hart, "Sphere tracing", The Visual Computer, 1996.
J. F. Blinn, "Models of light reflection for computer synthesized pictures", SIGGRAPH 1977.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from retouch.editor.objects.drawn.solids import Array, Solid, smooth_union, to_local
from retouch.images.array_types import FloatImage, PixelsRGBA
from retouch.images.color import linear_to_srgb

__all__ = ["Lighting", "Material", "Model", "Part", "Points", "render"]

_COARSE = 6
_MAX_RENDER_SIDE = 440
_EPSILON = 0.0015


class Points(NamedTuple):
    """Points of a surface in the model's own frame, with their normals; (N,) float32 each."""

    x: Array
    y: Array
    z: Array
    nx: Array
    ny: Array
    nz: Array


Colorist = Callable[[Points], FloatImage]
"""Returns the (N, 3) linear albedo of surface points."""


@dataclass(frozen=True)
class Material:
    """What a part is made of.

    Attributes
    ----------
    color : tuple of three float, or callable
        Linear albedo, or a function of the surface points.
    gloss : float
        Strength of the highlight, 0 (chalk) to 1 (wet).
    sharpness : float
        Exponent of the highlight: 8 (satin) to 200 (lacquer).
    wrap : float
        How far light reaches round the form: 0 (hard) to 0.6 (feathers, fruit, wax).
    translucency : float
        How much light comes through from behind: balloons, petals, leaves.
    metal : float
        1 tints the highlight and the mirrored surroundings with the albedo.
    bump : callable or None
        Height field of a fine relief: points to (N,) heights in units; normals follow its slope.
    """

    color: tuple[float, float, float] | Colorist
    gloss: float = 0.15
    sharpness: float = 30.0
    wrap: float = 0.15
    translucency: float = 0.0
    metal: float = 0.0
    bump: Solid | None = None


@dataclass(frozen=True)
class Part:
    """A solid of one material. ``blend``: width of the fillet that joins it to the parts before it."""

    solid: Solid
    material: Material
    blend: float = 0.0


@dataclass(frozen=True)
class Lighting:
    """``direction``: unit vector to the light, in the viewer's frame. ``hardness``: as in ``scene.Light``."""

    direction: tuple[float, float, float]
    hardness: float


@dataclass(frozen=True)
class Model:
    """Parts, and the window through which they are seen.

    Attributes
    ----------
    parts : sequence of Part
    window : tuple of four float
        (left, bottom, right, top) in the viewer's frame.
    depth : float
        The model lies within -depth to depth of the viewer's z.
    turn : (3, 3) float32
        From the model's frame to the viewer's: a pose.
    careful : float
        Factor on every step, below 1 for solids whose distance is an estimate.
    """

    parts: Sequence[Part]
    window: tuple[float, float, float, float]
    depth: float
    turn: Array = field(default_factory=lambda: np.eye(3, dtype=np.float32))
    careful: float = 0.9

    def distance(self, x: Array, y: Array, z: Array) -> Array:
        """Distance of points in the viewer's frame."""
        x, y, z = to_local(x, y, z, self.turn)
        total = self.parts[0].solid(x, y, z)
        for part in self.parts[1:]:
            total = smooth_union(total, part.solid(x, y, z), part.blend)
        return total


def render(model: Model, long_side_px: int, light: Lighting) -> PixelsRGBA:
    """Draw a model.

    Parameters
    ----------
    model : Model
    long_side_px : int
        Of the window, before it is cropped to what can be seen.
    light : Lighting

    Returns
    -------
    (h, w, 4) uint8, sRGB, straight alpha
        Colors go on under the transparent part, so that a resize makes no halo.

    Notes
    -----
    Orthographic. Marched at up to ``_MAX_RENDER_SIDE`` px, a third larger than what is returned where that is smaller;
    larger ones are resized.
    The rim's alpha comes from the ray's closest approach in pixels.
    """
    left, bottom, right, top = model.window
    side = min(_MAX_RENDER_SIDE, max(48, round(long_side_px * 1.25)))
    pixel = max(right - left, top - bottom) / side
    w, h = max(2, round((right - left) / pixel)), max(2, round((top - bottom) / pixel))
    xs = (left + (np.arange(w, dtype=np.float32) + 0.5) * pixel).astype(np.float32)
    ys = (top - (np.arange(h, dtype=np.float32) + 0.5) * pixel).astype(np.float32)
    x, y = (np.ascontiguousarray(each, dtype=np.float32).ravel() for each in np.meshgrid(xs, ys))
    z, alpha = _march(model, x, y, (h, w), pixel)
    hit = np.flatnonzero(z > -model.depth)
    linear = np.zeros((h * w, 3), np.float32)
    linear[hit] = _shade(model, x[hit], y[hit], z[hit], light, hit, (h, w), pixel)
    image = _bleed(linear.reshape(h, w, 3), (z > -model.depth).reshape(h, w))
    return _to_rgba(image, alpha.reshape(h, w), long_side_px)


def _march(model: Model, x: Array, y: Array, size_hw: tuple[int, int], pixel: float) -> tuple[Array, Array]:
    """Return each ray's depth (-inf where it misses) and its cover [0, 1]."""
    h, w = size_hw
    start = _coarse_depth(model, x.reshape(h, w), y.reshape(h, w), pixel).ravel()
    z = start.copy()
    closest = np.full(z.shape, 1e3, np.float32)
    live = np.flatnonzero(np.isfinite(start))
    depth = np.full(z.shape, -np.inf, np.float32)
    for _ in range(110):
        if live.size == 0:
            break
        d = model.distance(x[live], y[live], z[live])
        closest[live] = np.minimum(closest[live], d)
        arrived = d < max(_EPSILON, 0.25 * pixel)
        depth[live[arrived]] = z[live[arrived]]
        z[live] -= np.maximum(d * np.float32(model.careful), np.float32(0.35 * pixel))
        live = live[~arrived & (z[live] > -model.depth)]
    alpha = np.clip(1.0 - closest / np.float32(pixel), 0, 1)
    alpha[np.isfinite(depth)] = 1.0
    return depth, alpha.astype(np.float32)


def _coarse_depth(model: Model, x: Array, y: Array, pixel: float) -> Array:
    """March cones of several pixels' width to where they first come near a surface; -inf where they never do."""
    h, w = x.shape
    cx, cy = (cv2.resize(each, (-(-w // _COARSE), -(-h // _COARSE)), interpolation=cv2.INTER_AREA) for each in (x, y))
    shape = cx.shape
    cx, cy = cx.ravel(), cy.ravel()
    z = np.full(cx.shape, model.depth, np.float32)
    reach = np.float32(pixel * (_COARSE + 2) * 0.75)
    live = np.arange(cx.size)
    missed = np.ones(cx.shape, bool)
    for _ in range(60):
        if live.size == 0:
            break
        d = model.distance(cx[live], cy[live], z[live])
        near = d < reach
        missed[live[near]] = False
        z[live] -= np.where(near, 0, np.maximum((d - reach * 0.5) * np.float32(model.careful), reach * 0.3))
        live = live[~near & (z[live] > -model.depth)]
    z[missed] = -np.inf
    nearest = cv2.dilate(z.reshape(shape), np.ones((3, 3), np.uint8), borderType=cv2.BORDER_REPLICATE)
    return np.repeat(np.repeat(nearest, _COARSE, axis=0), _COARSE, axis=1)[:h, :w].astype(np.float32)


def _shade(
    model: Model,
    x: Array,
    y: Array,
    z: Array,
    light: Lighting,
    hit: npt.NDArray[np.intp],
    size_hw: tuple[int, int],
    pixel: float,
) -> FloatImage:
    """Return the (N, 3) linear radiance of hit points."""
    nx, ny, nz = _normals(model.distance, x, y, z, max(pixel, 0.005))
    # 1. what light arrives: occlusion and shadow vary slowly, so every third pixel of every third row is enough
    open_sky, lit = _slow_terms(model, (x, y, z), (nx, ny, nz), light, hit, size_hw)
    # 2. what the surface is made of
    local = to_local(x, y, z, model.turn)
    normal = to_local(nx, ny, nz, model.turn)
    points = Points(*local, *normal)
    mix = _material_weights(model, local)
    albedo = np.zeros((x.size, 3), np.float32)
    terms = np.zeros((x.size, 5), np.float32)
    for part, weight in zip(model.parts, mix, strict=True):
        used = np.flatnonzero(weight > 0.004)
        if used.size == 0:
            continue
        chosen = Points(*(each[used] for each in points))
        material = part.material
        color = material.color(chosen) if callable(material.color) else np.asarray(material.color, np.float32)
        albedo[used] += weight[used, None] * color
        values = (material.gloss, material.sharpness, material.wrap, material.translucency, material.metal)
        terms[used] += weight[used, None] * np.asarray(values, np.float32)
        if material.bump is not None:
            slope = _normals(material.bump, chosen.x, chosen.y, chosen.z, max(pixel, 0.004), normalize=False)
            turned = to_local(*slope, model.turn.T)
            for target, each in zip((nx, ny, nz), turned, strict=True):
                target[used] -= weight[used] * each
    length = np.sqrt(nx * nx + ny * ny + nz * nz) + 1e-6
    return _radiance(albedo, terms, (nx / length, ny / length, nz / length), open_sky, lit, light)


def _radiance(
    albedo: FloatImage,
    terms: FloatImage,
    normal: tuple[Array, Array, Array],
    open_sky: Array,
    lit: Array,
    light: Lighting,
) -> FloatImage:
    """Sum sky, bounce, key light, light from behind, gloss and mirrored surroundings."""
    nx, ny, nz = normal
    gloss, sharpness, wrap, translucency, metal = terms.T
    lx, ly, lz = light.direction
    toward = nx * lx + ny * ly + nz * lz
    key = np.clip((toward + wrap) / (1 + wrap), 0, None)
    power = 0.55 + 0.75 * light.hardness
    up = (0.5 + 0.5 * ny)[:, None]
    around = up * np.array([0.50, 0.53, 0.58], np.float32) + (1 - up) * np.array([0.30, 0.27, 0.24], np.float32)
    around = around * (1.18 - 0.42 * light.hardness) * open_sky[:, None]
    behind = translucency * np.clip(0.35 - toward, 0, 1) * 0.6
    diffuse = albedo * (around + power * (key * lit + behind)[:, None]) * (1 - 0.75 * metal[:, None])

    hx, hy, hz = np.array([lx, ly, lz + 1.0]) / np.linalg.norm([lx, ly, lz + 1.0])
    highlight = np.clip(nx * hx + ny * hy + nz * hz, 0, 1) ** sharpness * lit * (0.25 + 0.75 * light.hardness)
    edge = np.clip(1 - nz, 0, 1) ** 4
    mirrored_y = 2 * nz * ny
    sky = np.clip(0.25 + 0.9 * mirrored_y, 0.12, 1.0) * open_sky
    reflect = gloss * (0.035 + 0.4 * edge) * sky
    tint = 1 - metal[:, None] * (1 - albedo)
    mirrored = (metal * np.clip(0.18 + 0.95 * sky**1.5, 0, 1.3))[:, None] * albedo
    return np.asarray(diffuse + tint * (gloss * highlight * 1.1 + reflect)[:, None] + mirrored, dtype=np.float32)


def _slow_terms(
    model: Model,
    at: tuple[Array, Array, Array],
    normal: tuple[Array, Array, Array],
    light: Lighting,
    hit: npt.NDArray[np.intp],
    size_hw: tuple[int, int],
) -> tuple[Array, Array]:
    """Ambient occlusion and soft shadow [0, 1], on a third of the rows and columns, spread to all hit points."""
    rows, cols = hit // size_hw[1], hit % size_hw[1]
    few = np.flatnonzero((rows % 3 == 1) & (cols % 3 == 1))
    if few.size < 12:
        few = np.arange(hit.size)
    x, y, z = (each[few] for each in at)
    nx, ny, nz = (each[few] for each in normal)
    blocked = np.zeros(few.size, np.float32)
    for reach, weight in ((0.05, 0.9), (0.13, 0.7), (0.28, 0.42)):
        d = model.distance(x + nx * reach, y + ny * reach, z + nz * reach)
        blocked += weight * np.clip(reach - d, 0, None) / reach
    open_sky = np.clip(1 - 0.55 * blocked, 0.12, 1)

    lx, ly, lz = light.direction
    spread = 5.0 + 14.0 * light.hardness
    lit = np.ones(few.size, np.float32)
    traveled = np.full(few.size, 0.05, np.float32)
    for _ in range(9):
        d = model.distance(x + nx * 0.02 + lx * traveled, y + ny * 0.02 + ly * traveled, z + nz * 0.02 + lz * traveled)
        lit = np.minimum(lit, np.clip(spread * d / traveled, 0, 1))
        traveled += np.clip(d, 0.05, 0.3)
    both = np.stack([open_sky, lit], axis=-1)
    if few.size == hit.size:
        return open_sky, lit
    return _spread(both, rows[few] // 3, cols[few] // 3, rows, cols, size_hw)


def _spread(
    values: Array, few_rows: Array, few_cols: Array, rows: Array, cols: Array, size_hw: tuple[int, int]
) -> tuple[Array, Array]:
    """Carry values of a sparse grid to full resolution by normalized convolution."""
    h, w = size_hw
    grid = np.zeros((h // 3 + 1, w // 3 + 1, 3), np.float32)
    grid[few_rows, few_cols, :2] = values
    grid[few_rows, few_cols, 2] = 1
    filled = cv2.GaussianBlur(grid, (0, 0), 0.7)
    wide = cv2.GaussianBlur(grid, (0, 0), 3.0)
    filled = np.where(filled[..., 2:] > 0.05, filled, wide + 1e-9)
    smooth = filled[..., :2] / filled[..., 2:]
    full_x, full_y = np.meshgrid((np.arange(w, dtype=np.float32) - 1) / 3, (np.arange(h, dtype=np.float32) - 1) / 3)
    full = cv2.remap(smooth, full_x, full_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return full[rows, cols, 0], full[rows, cols, 1]


def _normals(
    distance: Solid, x: Array, y: Array, z: Array, step: float, *, normalize: bool = True
) -> tuple[Array, Array, Array]:
    """Gradient of a distance by differences at the corners of a tetrahedron."""
    e = np.float32(step)
    a = distance(x + e, y - e, z - e)
    b = distance(x - e, y - e, z + e)
    c = distance(x - e, y + e, z - e)
    d = distance(x + e, y + e, z + e)
    nx, ny, nz = (a - b - c + d), (-a - b + c + d), (-a + b - c + d)
    length = np.sqrt(nx * nx + ny * ny + nz * nz) + np.float32(1e-9) if normalize else np.float32(4 * step)
    return nx / length, ny / length, nz / length


def _material_weights(model: Model, local: tuple[Array, Array, Array]) -> list[Array]:
    """How much each part shows at each point: the nearest one, shared across the fillets."""
    distances = [part.solid(*local) for part in model.parts]
    nearest = np.min(distances, axis=0)
    raw = [
        np.exp(-(each - nearest) / np.float32(max(part.blend * 0.22, 0.004)))
        for part, each in zip(model.parts, distances, strict=True)
    ]
    total = np.sum(raw, axis=0)
    return [each / total for each in raw]


def _bleed(linear: FloatImage, known: npt.NDArray[np.bool_]) -> FloatImage:
    """Continue the colors of the object over its rim."""
    weight = known.astype(np.float32)
    image = linear * weight[..., None]
    result = linear.copy()
    for sigma in (1.0, 4.0, 16.0):
        spread, cover = cv2.GaussianBlur(image, (0, 0), sigma), cv2.GaussianBlur(weight, (0, 0), sigma)
        missing = (weight == 0) & (cover > 1e-4)
        result[missing] = spread[missing] / cover[missing, None]
        weight = np.where(missing, 1.0, weight).astype(np.float32)
        image = result * weight[..., None]
    return result


def _to_rgba(linear: FloatImage, alpha: Array, long_side_px: int) -> PixelsRGBA:
    """Bring to the size that was asked for, compress highlights softly, encode as sRGB."""
    h, w = alpha.shape
    scale = long_side_px / max(h, w)
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    size_wh = (max(1, round(w * scale)), max(1, round(h * scale)))
    linear, alpha = cv2.resize(linear, size_wh, interpolation=how), cv2.resize(alpha, size_wh, interpolation=how)
    # A film-like curve about middle gray: what is lit evenly from all sides looks like plastic.
    linear = 0.18 * np.maximum(linear / 0.18, 0) ** 1.18
    soft = np.where(linear > 0.8, 0.8 + 0.2 * (1 - np.exp(-(linear - 0.8) / 0.2)), linear)
    return (np.dstack([linear_to_srgb(soft), np.clip(alpha, 0, 1)]) * 255 + 0.5).astype(np.uint8)
