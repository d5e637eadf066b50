"""Words for bringing whole pictures together."""

__all__ = ["TERMS"]

TERMS: dict[str, str] = {
    "mix": "blend blend_together blending mix overlay superimpose overlap composite",
    "double": "double_exposure double_exposures multiple_exposure double-exposure double_expose",
    "fade": "fade crossfade cross-fade cross_fade dissolve",
    "opacity": "opacity strength visibility",
    "both": "both",
    "together": "together",
    "same": "one same single joint common",
    "style": "style art_style artistic_style painting_style",
    "show_on": "display project",
    "in_frame": "in_the_picture_frame in_the_photo_frame into_the_picture_frame into_the_photo_frame",
    "far": "in_the_distance in_the_far_distance",
}
