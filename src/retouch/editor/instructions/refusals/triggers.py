"""Words that give away what can't be done: data."""

__all__ = ["TRIGGERS"]

_TRIGGERS: tuple[tuple[str, str], ...] = (
    (
        "perspective",
        "verticals converging keystone keystoning perspective_correction lens_distortion barrel_distortion",
    ),
    ("logo", "our_logo my_logo logo company_logo the_logo"),
    ("legible", "readable legible unreadable illegible"),
    (
        "pose",
        "spread spreads spreading seen_from sitting standing lying looking_at_the_camera",
    ),
    ("likeness", "make_him_look_like make_her_look_like make_me_look_like make_them_look_like tom_cruise celebrity"),
    ("clothes", "like_a_princess like_a_prince like_a_king like_a_queen like_a_pirate like_a_superhero like_a_knight"),
    ("file_format", "png jpg jpeg webp pdf gif tiff heic convert_it_to convert_to_a"),
    ("face", "swap_heads swap_the_heads heads_between"),
    ("grown", "hair_style hairstyle haircut hairdo hair_cut"),
    (
        "clothes",
        "in_a_suit in_a_dress in_a_tuxedo in_a_tux in_a_uniform wearing_a dressed_as dressed_in dress_him dress_her",
    ),
    ("long_exposure", "silky milky long_exposure long-exposure light_trails star_trails motion_trails smooth_water"),
    (
        "sky_picture",
        """
        sky_from sky_with_the_one sky_with_the_sky sky_with_that sky_of_image sky_of_the_second replace_the_sky swap_the_sky
        """,
    ),
    (
        "color_match",
        """
        match_the_colors match_colors match_the_colours match_the_color color_match color_transfer copy_the_colors
        """,
    ),
    ("which_turn", "turn_the_picture turn_the_photo turn_the_image turn_this_picture turn_this_photo"),
    ("undo", "undo revert undo_that go_back redo"),
    (
        "which_color",
        """
        different_color different_colour another_color another_colour other_color other_colour change_the_color change_the_colour
        """,
    ),
    (
        "effect",
        """
        glow glowing fire flames smoke steam sparkles sparkle glitter burning laser fog_effect
        """,
    ),
    (
        "blur",
        """
        motion_blur blurry blurred
        """,
    ),
    (
        "text",
        """
        write text caption watermark lettering spell font says saying translate typo word reads
        """,
    ),
    (
        "style",
        """
        style_of in_the_style style van_gogh picasso monet watercolor watercolour oil_painting cartoon anime ghibli
        pixar comic sketch pencil_drawing painting pixel_art impressionist manga cyberpunk lego clay 3d_render
        disney pop_art caricature illustration stylize stylise drawing cinematic claymation steampunk low_poly emoji
        hdr simpsons line_art engraving mosaic graffiti
        """,
    ),
    (
        "upscaling",
        """
        px pixels dpi mb kb megapixels
        upscale 4k 8k resolution enlarge_the_image super_resolution hd megapixel upscaled enlarge
        """,
    ),
    (
        "crop",
        """
        crop breathing_room some_room more_room
        zoom outpaint extend uncrop widen aspect_ratio square expand border landscape_format portrait_format
        trim reframe canvas wider
        """,
    ),
    (
        "rotating",
        """
        sideways right_way on_its_head rotate flip mirror upside_down straighten tilt degrees
        """,
    ),
    (
        "expression",
        """
        smile smiling laugh laughing frown angry happy happier sad cry crying expression wink grin eyes_closed
        open_his_eyes open_her_eyes close_her_eyes close_his_eyes surprised serious scared
        """,
    ),
    (
        "face",
        """
        face faces face_swap faceswap
        """,
    ),
    (
        "age",
        """
        younger older age thinner slimmer fatter skinny muscular bald taller_person slim old_man kid_version
        """,
    ),
    (
        "pose",
        """
        turn_around pose sit stand_up sit_down jump jumping run running dance dancing raise wave waving look_at
        look_left look_right looking_at from_behind from_above angle side_view front_view holding hold lie_down
        from_the_side from_the_front
        kneel cross facing eating drinking riding walk walking hugging hug kissing kiss wearing bird's_eye
        """,
    ),
    (
        "weather",
        """
        snow snowy rain rainy fog foggy storm stormy autumn winter summer spring cloudy misty season windy weather
        snowing raining wintery wet
        """,
    ),
    (
        "light",
        """
        lights turn_on
        sunset sunrise night nighttime night_time golden_hour daytime day dusk dawn lighting relight sunny evening
        midnight sunlight light_source backlit spotlight morning moonlight lit blue_hour noon neon_lights shadow
        shadows
        """,
    ),
    (
        "material",
        """
        wood wooden glass metal metallic marble stone plastic leather gold_plated ceramic fabric silk velvet diamond
        crystal steel concrete denim_fabric material texture shiny glossy matte fluffy chocolate ice brick bricks
        chrome rusty fur
        """,
    ),
    (
        "pattern",
        """
        striped stripes stripe dots dotted polka checkered plaid pattern patterned spots rainbow multicolored
        multicolor camouflage camo leopard_print zebra_print multicoloured gradient ombre floral tie_dye spotted
        """,
    ),
    (
        "repair",
        """
        restore repair fix denoise retouch colorize colourise colorise colourize enhance scratches wrinkles blemish
        blemishes pimple pimples acne skin teeth red_eye red_eyes unblur deblur clean_up smooth noise heal clean
        whiten dehaze compress artifacts grain
        """,
    ),
    (
        "sharpening",
        """
        sharpen sharper sharpness sharp in_focus crisper clearer focus clarity details less_blurry detailed
        """,
    ),
    (
        "clothes",
        """
        clothes clothing outfit wear dress_up costume undress naked nude
        """,
    ),
    (
        "grown",
        """
        beard mustache moustache wings tattoo makeup hairstyle haircut horns curly longer_hair shorter_hair ponytail
        lipstick freckles
        """,
    ),
    (
        "resizing",
        """
        bigger smaller larger resize scale taller shorter shrink longer thicker grow size huge wider giant tiny big
        small
        """,
    ),
    (
        "removing",
        """
        remove delete erase get_rid_of without take_out clear off
        """,
    ),
    (
        "moving",
        """
        move swap_the_positions closer further shift center_the swap_positions swap_places drag relocate
        """,
    ),
    (
        "combine",
        """
        combine merge blend_together collage side_by_side fuse both_images both_pictures both_photos images_together
        stitch
        """,
    ),
    (
        "question",
        """
        describe what_is what's who_is how_many tell_me explain where_is is_this why caption_this what_are count_the
        """,
    ),
    (
        "repair",
        """
        improve_the_quality remaster
        """,
    ),
    (
        "vague",
        """
        better nicer cooler_looking prettier amazing awesome beautiful improve fun funny interesting cool magic
        stunning great perfect edit different wow surprise_me epic professional aesthetic
        """,
    ),
)

TRIGGERS: tuple[tuple[str, tuple[str, ...]], ...] = tuple(
    (reason, tuple(word.replace("_", " ") for word in words.split())) for reason, words in _TRIGGERS
)
"""Reason -> words or expressions that give it away, in the order in which they are tried.

Only for clauses that no grammar reads.
"""
