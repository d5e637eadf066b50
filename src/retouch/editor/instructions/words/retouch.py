"""Words for repairing and finishing a photo."""

from typing import Final

__all__ = ["DOINGS", "TERMS"]

TERMS: Final[dict[str, str]] = {
    # What says the operation outright
    "sharpen": "sharpen sharpening sharpened sharper crisper_details more_detailed less_soft unsharp_mask",
    "deblur": "deblur deblurring unblur unblurring less_blurry fix_the_blur remove_the_blur remove_blur reduce_blur "
    "reduce_the_blur fix_blur refocus not_blurry less_blurred remove_motion_blur fix_the_focus",
    "denoise": "denoise denoising noise_reduction less_noisy less_grainy degrain noise_removal reduce_noise remove_noise "
    "cleaner_image",
    "dehaze": "dehaze dehazing defog less_hazy less_foggy haze_removal",
    "upscale": "upscale upscaling upscaled upres super_resolution superresolution higher_resolution increase_the_resolution "
    "enhance_the_resolution improve_the_resolution increase_resolution enhance_resolution high_resolution hi-res high_res "
    "4k 8k ultra_hd full_hd uhd in_hd hd_quality more_pixels improve_resolution",
    "white_balance": "white_balance whitebalance wb auto_white_balance color_balance colour_balance color_correct colour_correct "
    "color_correction colour_correction color_correcting correct_the_colors correct_the_colours fix_the_colors fix_the_colours "
    "neutral_colors neutral_colours color_cast colour_cast yellow_cast blue_cast green_cast orange_cast orange_tint "
    "natural_colors natural_colours true_colors true_colours",
    "enhance": "auto_enhance autoenhance auto-enhance enhance_it enhance_this auto_fix auto_adjust auto_correct "
    "auto_tone auto_levels one_click_enhance look_better look_nicer look_great look_amazing look_good look_professional "
    "look_stunning improve_the_lighting fix_the_lighting better_lighting improve_the_quality improve_quality better_quality "
    "touch_up touch-up touch_it_up retouch_it remaster beautify spruce_up spruce_it_up jazz_up polish improve improve_it "
    "enhance_the_quality enhance_quality auto_improve better_looking better nicer enhance",
    "hdr": "hdr hdr_look hdr_effect hdr-look hdr_style hdr-like high_dynamic_range tone_map tone_mapping tonemap "
    "more_dynamic_range dynamic_range",
    "clarity": "clarity local_contrast midtone_contrast micro_contrast microcontrast more_texture definition",
    "lift_corners": "devignette devignetting fix_the_vignette fix_the_vignetting remove_the_vignette remove_vignette "
    "remove_vignetting remove_the_vignetting no_vignette without_the_vignette without_vignette less_vignette less_vignetting "
    "correct_the_vignetting correct_the_vignette vignette_removal get_rid_of_the_vignette get_rid_of_the_vignetting "
    "reduce_the_vignette reduce_the_vignetting lose_the_vignette undo_the_vignette",
    "red_eye": "red_eye red_eyes red-eye red-eyes redeye red_eye_effect red-eye_effect red_pupils",
    "recover": "recover recovering",
    # What is wanted more of, or less
    "sharpness": "sharpness detail details crispness fine_detail fine_details",
    "noise": "noise grain graininess iso_noise digital_noise color_noise colour_noise film_grain",
    "haze": "haze haziness mist fog smog",
    "shadows": "shadows shadow_areas dark_areas darks dark_parts blacks shadow_detail shadow_details the_dark_areas "
    "underexposed_areas",
    "highlights": "highlights bright_areas bright_parts brights whites blown_highlights blown-out_highlights "
    "blown_out_highlights overexposed_areas the_bright_areas",
    "skin": "skin complexion face_skin facial_skin",
    "teeth": "teeth tooth smile",
    "eyes": "eyes eye irises iris",
    "shine": "shine shininess",
    "stops": "ev evs stop stops f-stop f-stops exposure_value",
}

DOINGS: Final[dict[str, frozenset[str]]] = {
    term: frozenset(word.replace("_", " ") for word in words.split())
    for term, words in {
        "raise": "lift raise brighten lighten open recover boost brighter lighter increase up bring_up bring_back more pull_up "
        "turn_up bump_up brighten_up",
        "lower": "lower reduce decrease darken bring_down recover tame deepen crush darker drop dim tone_down less down "
        "turn_down restore pull_down under lowering",
        "shrink": "reduce decrease less lessen fewer",
        "smooth": "smooth smoothen smoother smoothing soften softer airbrush even retouch clear smoothed clean",
        "whiten": "whiten whiter whitening bleach brighten bright white brighter whitened lighten",
        "brighten": "brighten brighter lighten sparkle shine pop sharpen sharper enhance bright",
        "fix": "fix correct repair adjust improve neutralize neutralise set balance auto remove apply",
        "less": "less reduce remove removing no without fix clean decrease lower clear lessen eliminate suppress cut fewer "
        "get_rid_of clean_up removal reduction",
        "more": "more increase boost enhance improve add extra up higher restore recover raise better bring_out",
    }.items()
}
"""What is done with those; plain words that mean other things elsewhere."""
