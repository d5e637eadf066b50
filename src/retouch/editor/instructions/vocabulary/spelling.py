"""Frequent words, short forms and slips of the keyboard: data."""

__all__ = ["COMMON_WORDS", "CONTRACTIONS", "MISSPELLINGS"]

COMMON_WORDS: frozenset[str] = frozenset(
    """
        snot snout drool nappy diaper pram stroller buggy snack cradle slipper beanie gown bouquet aisle pew garter haze
        crust crumb syrup sauce gravy platter napkin coaster driveway gutter patio decking skip mast drone sneakers trainer
        able about actual after again against ago ahead air almost alone along already always amount another answer any
        apart area arm around ask away band bank bare barn base bath beam bean bear beat been before begin begun behind
        being below best beyond bill bite blank bloom blow boat bold bolt bone boot born boss bow brand brave bread
        break breast breath brief bring broad broke built burn cable cake calf calm came cane cape card care cart case
        cast cause cell cent chain chalk cheap cheek chest chip chop claim class claw clay clear clerk cloth clothe club
        coal coast code coin cold come cook cope cord core cost count course court crack craft crash cream crop cross
        crush cure curl curve damp dance dare dark dash data date dawn dead deal dear death debt deck deed delay dense
        desert dine dirt dive dock done dose dot doubt draft drag drain dream dress drill drink drive drove dust duty
        each earn earth ease east easy edge else empty end enjoy enter equal even ever exact exist eye face fact fade
        fail fair faith fall false fame fare farm fast fate fear feed feel fell felt fever field fight figure file fill
        film find fine fire firm fist five fix flame flash flat flesh flight float flood floor flour flow fluid foam
        fold folk fond font food fool force form fort found frame free fresh from front frost fuel full fund gain game
        gate gave gaze gear gift girl glad glow glue goal goat gone good gown grab grade grain grand grant grasp grave
        greet grew grip ground group grow guard guess guest guide habit half hall hand hang happy hard harm harp haste
        hatch have hay head heal heap hear heart heat heel hell help hence herb herd here hero hide high hint hire hold
        hole home hook hope host hour house huge human hung hunt hurt idea inch iron item join joke judge juice jump
        keen kick kind king kiss knee knew knock know label lack laid lamp land lane large last late laugh laundry lawn
        lay lead leaf leak lean learn least left lend less level life lift like limb line link list live load loan local
        lock long look loop loose lose loss lost loud love luck lump lung made mail main make male mark mass mate math mean
        meat meet melt mend mere mess mild mile mill mind mine mint miss model mold mood more most much must nail name
        near neat neck need nest net news next nice night nine node none noon norm note noun oath obey odd often open
        oral order ours oval over pace pack page paid pain pair pale palm pant park part pass past path pause pave peace
        peak peel peer pick piece pile pill pine pipe pitch place plan plate play plot poem poet point pole poll pond
        pool poor port pose post pour power press price pride prime prince prize proof proud pull pulse pump pure push
        quick quiet quit quite race rack rage raid rail rank rare rate reach read ready real rear rely rent rest rice
        rich ride rise risk road rob role roll room root rope rough round route ruin rule rush rust safe said sail sale
        salt same save scale scar scene scope score seal seat seed seek seem seen self sell send sense serve seven shade
        shake shall shape share sharp sheet shell shift shine shock shoot shop shore short shot should shout show shut
        side sight silk sing sink site size skill skin sleep slice slide slip slope slot slow small smart smell smoke
        snap soak sock soft soil sold sole solve some song soon sort soul sound south space spare spark speak speed
        spell spend spine spite split spoke sport spot spray spread staff stage stake stale stand stare start state stay
        steam steel steep stem step stick stiff still stock stop store storm story stove strap straw stream strike strip
        stroke sugar swear sweep sweet swim swing tail take tale talk tall tank tape target task taste taught tear tell
        tend tent term test text than thank that them then there thick thief thin thing think third those thread throat
        throw thumb thus tide time tiny tire title today told tone tool toss total touch tough tour town trace track
        trade trail trap treat trend trial tribe trick trip true trust truth tube tune turn twice twin type ugly unit
        upon urge used usual vary vast vein verb verse very view visit voice vote wage waist wait wake walk wall want
        ward warm warn wash waste watch wave weak wear week weigh well went were west what wheat when where which while
        whip whole whom whose wide wife wild will wind wing wipe wire wise wish with woke wolf wood wool word wore work
        world worm worse worst worth would wound wrap wrist write wrong yard year young zone fairy witch alien gnome
        crane robots ghost ninja queen prince knight angel devil wizard mummy zombie elf magnet saddle couch slug bush
        bowls sauce curry pasta prompt system previous instructions ignore print whale hound hare
        altar among ankle asked basset batter bellow bitter brassy browser butter cannon cardoon carton cattle certain
        chance charge chow clause coarse compared completion computed contracts cornet counted cress dressy drip fading
        faster feather filling flutter friday frying given golf granny grassy gravel greenery groves hamper handing
        handled hockey included insect irish later latter layer lease lesser likely linear liner limp litter
        locate locking lover marge marking matter maze mink mister moaning modem money nearly norse palace perch ping
        pointer potter prayer pudding purge purse racket railing railings robe rugby sarong saver seating separated
        sharpener shaver shoulder singing sizes skier skiers slam snapping spade stack stature status stocking sunday
        surge swab swam thousand tiled torch tram visibly waiting cleaver closed closet contract maker pins scare shared
        silky spiny stride though walling washer waver whenever width wooded woody wrinkle
    """.split()  # noqa: SIM905
)
"""Frequent English words without a meaning of their own here; they are never taken for a typing error."""

CONTRACTIONS: dict[str, str] = {
    "don't": "dont", "doesn't": "dont", "do not": "dont", "does not": "dont", "dont": "dont", "never": "dont",
    "not": "dont",
    "shouldn't": "dont", "should not": "dont", "must not": "dont", "mustn't": "dont", "without": "without",
    "w/o": "without",
    "no": "no", "won't": "dont", "can't": "dont", "cannot": "dont", "nothing": "no", "without any": "without",
    "avoid": "dont",
    "isn't": "dont", "does'nt": "dont", "dnt": "dont", "doesnt": "dont",
}  # fmt: skip
"""Negations, and their kind."""

MISSPELLINGS: dict[str, str] = {
    "teh": "the", "hte": "the", "adn": "and", "nad": "and", "ad": "add", "mak": "make", "amke": "make",
    "chnage": "change",
    "cahnge": "change", "chage": "change", "baground": "background", "backgroud": "background",
    "bakground": "background",
    "backgorund": "background", "blakc": "black", "balck": "black", "bleu": "blue", "blu": "blue", "gren": "green",
    "grene": "green",
    "yelow": "yellow", "purpel": "purple", "pruple": "purple", "oragne": "orange", "ol": "please",
    "pls": "please", "plz": "please",
    "u": "you",
    "wiht": "with", "whit": "with", "thw": "the", "tje": "the", "colr": "color", "coulour": "colour",
    "pitcure": "picture",
    "pictre": "picture", "imgae": "image", "iamge": "image", "phto": "photo", "phot": "photo", "remvoe": "remove",
    "pu": "put",
    "gve": "give", "turqoise": "turquoise", "turquise": "turquoise", "grean": "green", "wite": "white",
    "whtie": "white", "lil": "little",
    "jus": "just", "foto": "photo", "n": "and", "brid": "bird", "dogo": "dog", "rde": "red", "hols": "holds",
    "colur": "colour", "foogy": "foggy", "sharpn": "sharpen", "tak": "take", "nois": "noise", "brite": "bright",
    "britght": "bright", "rmove": "remove", "remov": "remove", "reomve": "remove", "backround": "background",
    "bakgrond": "background", "blurr": "blur", "blury": "blurry", "wihte": "white", "becuase": "because",
    "pleas": "please", "pleese": "please", "picutre": "picture", "piture": "picture", "pictur": "picture",
    "colorfull": "colorful", "colourfull": "colourful", "squar": "square", "contrst": "contrast", "litle": "little",
    "ligt": "light", "lihgt": "light", "ligth": "light", "smoot": "smooth", "skyy": "sky", "insta": "instagram", "rly": "really",
    "blck": "black", "sum": "some", "croop": "crop", "sqare": "square",
    "sqaure": "square", "drak": "dark", "persn": "person", "persen": "person", "rite": "right", "poeple": "people",
    "peple": "people", "hosue": "house", "yello": "yellow", "shaddow": "shadow", "shaddows": "shadows", "vinette": "vignette",
    "vinyette": "vignette", "sharpin": "sharpen", "contrest": "contrast", "horizen": "horizon", "strait": "straight",
    "straiten": "straighten", "ligher": "lighter", "tern": "turn", "wight": "white", "blak": "black", "skys": "sky",
}  # fmt: skip
"""Frequent slips that are too short, or too far off, for the edit distance."""
