"""Painting, drawing, print and film styles: data."""

__all__ = ["TERMS"]

TERMS: dict[str, str] = {
    "OIL": """
        oil_painting oil_paintings oil_paint oil_on_canvas oil_painted oil_colors oil_colours oils in_oil in_oils
        baroque_painting renaissance_painting oil_painting_effect classical_painting painted_in_oil
        acrylic_painting acrylic_paint acrylics impasto canvas_painting rembrandt vermeer caravaggio
    """,
    "IMPRESSIONIST": """
        impressionist impressionistic impressionism impressionist_painting renoir pissarro degas painterly brush_strokes
        brushstrokes post-impressionist post_impressionist cezanne
    """,
    "VAN_GOGH": """
        van_gogh vangogh van_gough vincent_van_gogh vincent_vangogh
        van_gogh's like_starry_night like_the_starry_night starry_night_painting starry_night_style gogh
        van_gogh_painting van_goh van_gogh's_starry_night
    """,
    "MONET": "monet claude_monet monet's water_lilies monet_painting",
    "MUNCH": "munch edvard_munch munch's the_scream expressionist expressionism expressionist_painting",
    "CUBIST": "cubist cubism picasso pablo_picasso picasso's cubist_painting braque picaso",
    "KANDINSKY": """
        kandinsky wassily_kandinsky kandinsky's abstract_painting abstract_art abstract_expressionism abstract_expressionist
    """,
    "MONDRIAN": "mondrian piet_mondrian mondrian's de_stijl",
    "UKIYO_E": """
        ukiyo-e ukiyoe ukiyo_e hokusai hiroshige hokusai's great_wave the_great_wave japanese_woodblock woodblock_print
        japanese_print japanese_woodblock_print woodblock woodcut japanese_painting wood_block_print
    """,
    "POINTILLIST": "pointillism pointillist pointillistic pointilism seurat signac pointillist_painting georges_seurat",
    "WATERCOLOR": """
        watercolor watercolour watercolors watercolours water_color water_colour watercolor_painting watercolour_painting
        aquarelle watercolored watercoloured watercolor_paint watercolor_sketch water_colors watercolor_wash
        watercolor_illustration
    """,
    "GOUACHE": "gouache gouache_painting tempera tempera_painting poster_paint",
    "PASTEL": """
        pastels pastel_drawing pastel_painting soft_pastel soft_pastels oil_pastel oil_pastels chalk_drawing chalk_pastel
        chalk_pastels pastel_sketch in_pastels crayon_drawing crayons crayon
    """,
    "FRESCO": "fresco frescoes fresco_painting mural_painting",
    "STAINED_GLASS": "stained_glass stained-glass stained_glass_window stainedglass",
    "MOSAIC": "mosaic mosaic_of_tiles mosaic_art tile_mosaic roman_mosaic mosaics byzantine_mosaic",
    "PENCIL": """
        pencil_sketch pencil_drawing pencil_art graphite_drawing graphite_sketch graphite pencil_sketches sketch sketched
        pencil_drawn sketchy hand_drawn_sketch hand-drawn_sketch black_and_white_sketch sketchify pencil_portrait in_pencil
        pencil_illustration hand-drawn hand_drawn pencilled pencil_style pencil_effect
    """,
    "COLORED_PENCIL": """
        colored_pencil coloured_pencil color_pencil colour_pencil colored_pencils coloured_pencils color_pencils
        colored_pencil_drawing coloured_pencil_drawing color_pencil_drawing color_sketch colored_sketch
        colored_pencil_sketch coloured_pencil_sketch color_pencil_sketch pencil_crayon
    """,
    "INK": """
        ink_drawing ink_sketch pen_and_ink pen_&_ink ink_painting ink_illustration pen_and_ink_drawing ink_style inked
        pen_drawing pen_sketch cross-hatching crosshatching cross_hatching crosshatch cross-hatch engraving engraved etching
        pen_and_ink_sketch ink_art in_ink ink_pen_drawing india_ink hatching
    """,
    "LINE_ART": """
        line_art lineart line_drawing line_drawings line_sketch line-art coloring_page colouring_page coloring_book
        coloring_book_page colouring_book outline_drawing contour_drawing outlines_only line_work linework
    """,
    "CHARCOAL": "charcoal_drawing charcoal_sketch charcoal_style charcoal_art charcoal_portrait in_charcoal charcoal_effect",
    "CARTOON": """
        cartoon storybook_illustration storybook_style cartoony cartoonish cartoonify
        cartoonise cartoonize toon cartoons cartoon_drawing cartoon_illustration
        cel_shading cel_shaded cell_shading cel-shaded cel-shading anime anime_drawing anime-style manga animated illustration
        illustrated vector_art vector_illustration flat_illustration vector_graphic caricature toonify animation
        digital_illustration cartoonized cartoonified cartoon_character anime_character anime_art cell_shaded
    """,
    "COMIC": """
        comic comics comic_book comic-book comic_strip comic_book_style graphic_novel comic_style comic_art comicbook
        comic_panel comic_book_page comic_book_art comic_drawing
    """,
    "POP_ART": """
        pop_art popart pop-art warhol andy_warhol warhol's lichtenstein roy_lichtenstein pop_art_print pop_art_portrait
        pop_art_poster screen_print screenprint silkscreen
    """,
    "POSTER": """
        posterize posterise posterized posterised posterization poster poster_style poster_art vintage_poster travel_poster
        retro_poster movie_poster_style screen_printed art_deco_poster propaganda_poster graphic_poster posterize_effect
        vintage_travel_poster poster_effect
    """,
    "HALFTONE": "halftone half-tone half_tone halftone_dots newspaper_print newsprint halftone_print ben-day_dots",
    "STENCIL": "stencil stenciled stencilled banksy stencil_art graffiti_stencil stencil_print linocut lino_print linoprint",
    "PIXEL_ART": """
        pixel_art pixelart pixel-art 8-bit 8_bit 8bit 8_bit_game 8bit_game 16-bit 16_bit 16bit pixel_style 8-bit_art retro_game
        retro_video_game_graphics
        video_game_pixels pixel_graphics 8-bit_game sprite minecraft nes_game
    """,
    "PIXELATED": "pixelate pixelated pixelize pixelise pixellate pixellated pixelation censor censored",
    "LOW_POLY": "low_poly low-poly lowpoly polygon_art polygonal low_polygon low_poly_art geometric_art triangulated",
    "KODACHROME": """
        kodachrome slide_film kodak velvia ektachrome kodachrome_film kodak_film fuji_velvia kodachrome_look chrome_film
    """,
    "PORTRA": """
        portra kodak_portra portra_400 portra_160 portra_800
        fuji_400h a_film_look look_like_film analog_film 35mm_film film_photo
        fujifilm fuji_film 35mm film_emulation shot_on_film film_camera kodak_gold color_film colour_film
    """,
    "POLAROID": "polaroid polaroid_photo polaroid_picture instant_film instant_photo instax polaroid_camera polaroid_film",
    "TEAL_ORANGE": """
        teal_and_orange orange_and_teal teal_&_orange teal-and-orange teal_orange teal/orange cinematic
        cinematic_color_grading movie_look hollywood_look blockbuster_look cinematic_colors cinematic_look
        cinematic_film cinematic_grade movie_still film_still cinema_look cinematic_color_grade
    """,
    "NOIR": "film_noir noir_film noir film-noir noir_movie film_noir_style neo-noir noir_look",
    "CYANOTYPE": "cyanotype cyanotypes blueprint_photo cyanotype_print blueprint sun_print",
    "CROSS_PROCESSED": """
        cross_processed cross_process cross-processed cross-process cross_processing cross-processing lomo lomography
        lomographic xpro
    """,
    "INFRARED": "infrared infra-red infrared_film infrared_photo infra_red aerochrome infrared_photography false_color",
    "FADED_FILM": "faded_film matte_film faded_photo faded_look matte_look faded_matte matte_film_look faded_film_look",
    "SEVENTIES": "1970s_film seventies_film 70s_film 1970s_photo 70s_photo 70s_film_look 1970s_film_look super_8 super8",
    "PASTEL_COLORS": """
        pastel_colors pastel_colours soft_pastel_tones soft_pastel_colors soft_pastel_colours pastel_palette
        pastel_tones pastel_look pastel_shades pastel_color_palette
        wes_anderson pastel_aesthetic pastel_color_grading
    """,
    "DUOTONE": "duotone duo-tone duo_tone two-tone two_tone duotone_effect bichrome spotify_duotone two_colors_only",
    "GLOW": "orton orton_effect soft_glow gentle_glow subtle_glow warm_glow light_glow delicate_glow "
    "dreamy dreamy_glow dreamlike ethereal glow_effect orton_glow bloom_effect hazy_glow",
    "GRAIN": "film_grain grainy filmgrain grain_effect analog_grain grainy_film",
    "VIGNETTE": "vignette vignetting vignetted dark_corners darkened_corners dark_edges darken_the_corners darken_the_edges",
    "TILT_SHIFT": """
        tilt_shift tilt-shift tiltshift miniature_effect miniature_look toy_town miniature_model model_village
        diorama_effect tilt_shift_effect tilt-shift_effect
    """,
    "generic_painting": "painting paintings painted painted_picture hand-painted hand_painted artwork piece_of_art work_of_art",
    "generic_drawing": "drawing drawn hand_drawing drawings",
    "grain": "grain",
    "no_studio": """
        ghibli studio_ghibli pixar disney simpsons the_simpsons family_guy south_park dreamworks rick_and_morty peanuts
        miyazaki spongebob marvel looney_tunes adventure_time dc_comics disney_pixar naruto pokemon my_little_pony
        futurama spider-verse spiderverse arcane
    """,
    "no_artist": """
        klimt gustav_klimt dali salvador_dali da_vinci leonardo_da_vinci leonardo michelangelo matisse henri_matisse
        frida_kahlo frida basquiat turner jackson_pollock pollock hopper edward_hopper magritte rene_magritte miro
        joan_miro chagall marc_chagall gauguin paul_gauguin botticelli bosch bruegel goya el_greco raphael rothko
        mark_rothko modigliani haring keith_haring kusama egon_schiele schiele hockney bob_ross norman_rockwell
        o'keeffe raffaello manet toulouse-lautrec mucha alphonse_mucha rousseau escher titian velazquez
        surrealist surrealism art_nouveau art_deco fauvism fauvist dadaism vaporwave synthwave
    """,
    "no_world": """
        lego claymation clay_animation cyberpunk steampunk 3d_render 3d_rendering voxel voxel_art plasticine origami papercut
        paper_cut papercraft embroidery knitted crochet funko_pop action_figure barbie muppet felt_puppet
        3d_cartoon 3d_animation emoji clay_figure graffiti neon_art sculpture statue
    """,
}
"""Name of a ``Style`` -> its words; "generic_..." says nothing but painted or drawn; "no_..." is what there is no style for."""
