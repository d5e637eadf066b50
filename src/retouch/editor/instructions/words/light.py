"""Words about light, the time of day, the sky and the weather."""

__all__ = ["TERMS"]

TERMS: dict[str, str] = {
    "sunrise": "sunrise sun_rise dawn daybreak early_morning morning morning_light sunrise_light first_light sunup the_morning",
    "golden_hour": "golden_hour golden-hour goldenhour golden_hour_light golden_light late_afternoon magic_hour "
    "golden_sunlight evening_sun low_sun golden_hour_lighting warm_sunlight",
    "sunset": "sunset sunset_colored sunset_coloured sunset-colored sunset-coloured "
    "sun_set sundown sunset_light setting_sun evening evening_light sunsets the_evening",
    "dusk": "dusk twilight nightfall",
    "blue_hour": "blue_hour bluehour blue-hour",
    "night": "night nighttime night_time night-time nite midnight nocturnal at_night the_night night_scene",
    "day": "day daytime day_time day-time daylight midday noon sunny sunshine sunlight broad_daylight bright_sunshine "
    "bright_sunlight at_noon",
    "clear": "cloudless clear_sky clear_blue_sky clear_skies cloudless_sky blue_skies",
    "clouds": "cloudy clouds cloudier partly_cloudy fluffy_clouds white_clouds puffy_clouds cloudscape",
    "dramatic": "dramatic dramatically_lit brooding ominous menacing moody",
    "overcast": "overcast gloomy_weather gloomy_day gloomy_sky gloomy_skies gray_day grey_day cloud_cover gray_skies grey_skies",
    "thunderstorm": "thunderstorm thunderstorms storm stormy stormier thunder thundery thunderclouds storm_clouds "
    "stormclouds tempest",
    "lightning": "lightning lightning_bolt lightning_bolts bolt_of_lightning lightning_strike bolts_of_lightning lightnings",
    "stars": "stars starry stary starlit starlight milky_way full_of_stars star-filled starry_night",
    "moon": "moon full_moon moonlight moonlit",
    "fog": "fog foggy foggier fogs",
    "mist": "mist misty mistier",
    "haze": "haze hazy hazier smog",
    "rain": "rain rainy raining rainfall downpour raindrops rainstorm pouring pouring_rain drizzle rains rainier",
    "snow": "snow",
    "snowfall": "snowing snowfall snowflakes snowflake falling_snow snow_falling snowstorm blizzard snows",
    "snow_cover": "snowy snow-covered snow_covered covered_in_snow covered_with_snow blanket_of_snow lying_snow "
    "snow_on_the_ground fresh_snow covered_in_fresh_snow cover_the_ground_with_snow cover_everything_with_snow "
    "cover_it_with_snow cover_everything_in_snow cover_it_in_snow",
    "winter": "winter wintry wintery wintertime winter_wonderland",
    "autumn": "autumn autumn_colored autumn_coloured autumnal "
    "fall_colors fall_colours fall_foliage autumn_leaves autumn_colors autumn_colours fall_leaves "
    "fall_season autumn_foliage autumn_scene fall_scene",
    "sun_rays": "sun_rays sunrays sun_ray sunray sunbeams sunbeam sun_beams god_rays godrays god-rays light_rays "
    "rays_of_light rays "
    "crepuscular_rays light_beams beams_of_light light_shafts shafts_of_light rays_of_sunlight volumetric_light "
    "volumetric_lighting sunlight_rays rays_of_sun light_ray",
    "lens_flare": "lens_flare lensflare lens_flares lens-flare flare sun_flare sunflare flares",
    "spotlight": "spotlight spot_light spotlights spotlit",
    "studio_light": "studio_lighting studio_light studio_lights softbox studio_portrait_lighting",
    "backlight": "backlight backlit backlighting back_light back_lit back_lighting back-lit",
    "rim_light": "rim_light rim_lighting rimlight edge_light rim_lights rimlit edge_lighting",
}
"""Term -> the words for it; the terms are those of ``plan.LightKind``, and "snow" and "winter", which stand for two."""
