import numpy as np

from retouch.preserve.difference import perceptual_lab
from retouch.preserve.tone import fit_tone_drift


def drifted(pixels):
    color = (pixels / 255.0) ** 0.95 * [1.0, 0.97, 0.93] + [0.01, 0.01, 0.02]
    return (np.clip(color, 0, 1) * 255 + 0.5).astype(np.uint8)


def mean_delta_e(a, b, where=slice(None)):
    return float(np.linalg.norm(perceptual_lab(a) - perceptual_lab(b), axis=2)[where].mean())


def test_a_warm_cast_is_undone_although_a_third_of_the_picture_was_replaced(astronaut, coffee):
    edited = drifted(astronaut)
    edited[:, :220] = coffee[:, :220]

    tone = fit_tone_drift(astronaut, edited)

    assert mean_delta_e(astronaut, edited, np.s_[:, 220:]) > 2
    assert mean_delta_e(astronaut, tone.undo(edited), np.s_[:, 220:]) < 0.8


def test_a_recolored_sky_is_no_drift():
    rows = np.linspace(0, 1, 240)[:, None, None]
    sky = np.repeat((1 - rows) * [90, 140, 220] + rows * [200, 215, 235], 320, axis=1)
    noise = np.random.default_rng(0).normal(0, 25, (240, 320, 3))
    ground = noise + np.array([120, 110, 80])
    base = np.clip(np.where(rows > 0.6, ground, sky), 0, 255).astype(np.uint8)
    edited = base.copy()
    edited[:140] = np.clip(base[:140] + np.array([60, 10, -60]), 0, 255)

    tone = fit_tone_drift(base, edited)

    assert mean_delta_e(tone.undo(edited), base, np.s_[:140]) > 20
    assert mean_delta_e(tone.undo(edited), base, np.s_[150:]) < 1.5


def test_no_drift_returns_the_very_same_array(coffee):
    tone = fit_tone_drift(coffee, coffee)

    assert tone.is_identity
    assert tone.undo(coffee) is coffee


def test_a_regrade_is_too_much_to_be_drift(coffee):
    night = (coffee * [0.3, 0.35, 0.6]).astype(np.uint8)

    assert fit_tone_drift(coffee, night).is_identity
