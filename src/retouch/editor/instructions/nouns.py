"""Nouns that people name in photos: data, and how a word is led back to its canonical singular."""

__all__ = ["CONTAINERS", "EYEWEAR", "HEADWEAR", "NOUNS", "NOUN_ALIASES", "PRINTABLE", "canonical_noun", "singular"]

# An underscore joins the words of one noun.
_ANIMALS = """
animal ant bat bear bee beetle bird blackbird budgie buffalo bull bunny butterfly camel cat caterpillar cheetah chick
chicken chimpanzee
cow crab crane crocodile crow deer dinosaur dog dolphin donkey dove dragon dragonfly duck duckling eagle elephant
falcon fish flamingo fly
fox frog gecko giraffe goat goldfish goose gorilla gull hamster hawk hedgehog hen hippo horse hummingbird jellyfish
kangaroo kingfisher
kitten koala ladybug lamb lark leopard lion lizard llama lobster monkey moose mouse octopus ostrich otter owl ox panda
parrot peacock
pelican penguin pig pigeon pony puppy quokka rabbit raccoon ram rat raven reptile rhino robin rooster seagull seal
shark sheep sheepdog
snail snake sparrow spider squirrel starfish stork swallow swan tiger toad toucan t-rex turkey turtle unicorn vulture
wasp whale wolf
woodpecker worm yak zebra golden_retriever polar_bear teddy_bear guinea_pig sea_turtle bald_eagle german_shepherd
chihuahua corgi poodle
"""
_PEOPLE = """
actor astronaut baby boy bride child clown couple crowd dancer face friend girl groom guy kid lady man model officer
people person player
pirate runner soldier statue woman head hair eye nose mouth lip ear hand arm leg foot skin body cheek chin finger nail
tooth tail fur
"""
_WORN = """
apron backpack bag belt beret blazer boot bow bowtie bracelet cap cape coat cowboy_hat crown dress earring eyepatch
gloves glasses
goggles handbag hat headphones helmet hood hoodie jacket jeans jersey jumper mask necklace pants party_hat ring sandal
santa_hat scarf
shirt shoe shorts skirt sleeve sneaker sock suit sunglasses sweater sweatshirt swimsuit tank_top tie top_hat trousers
t-shirt
tuxedo umbrella uniform vest watch wedding_dress wig baseball_cap straw_hat witch_hat bikini blouse cardigan collar
spacesuit
wizard_hat chef_hat bow_tie flower_crown tiara clothes clothing outfit
"""
_HOUSEHOLD = """
armchair balloon ball basket basketball bathtub beach_ball bed bell bench blanket blind board book bookshelf bottle
bowl box brick broom
brush bucket bulb cabinet cable camera candle candlestick car_key carpet ceiling chair chessboard clock computer couch
counter crate cup
curtain cushion desk dice dish glass wood ice cage doll door drawer drum envelope fan faucet fence fire_hydrant flag
flashlight floor football fork frame
fridge frisbee globe guitar hammer handle headboard jar kettle key keyboard knife lamp lamppost lantern laptop lid
light_bulb logo
lounge_chair magazine mailbox mattress microphone microwave mirror monitor mug newspaper notebook oven package
painting pan paper pen
pencil phone piano pillow pipe plate poster pot present printer puzzle radio remote robot rope rug saucer scissors
screen picture_frame photo_frame business_card street_sign whiteboard shelf
shower sign sink smartphone snow_globe snowman soap soccer_ball sofa speaker spoon statuette stool surfboard suitcase
table tablecloth
tablet teapot trash_can garbage_can rubbish_bin
dustbin waste_bin tea_cup telescope television tennis_ball tent tile toilet towel toy toy_car traffic_light tray
treasure_chest trophy
typewriter vase violin wallet wall wardrobe wheel window wine_glass coffee_mug coffee_cup coffee_table beach_chair
picnic_basket
bow_and_arrow magic_wand sword shield skateboard stamp sticker book_cover billboard label surface print artwork design
photo_frame
gift parasol beach_umbrella tote_bag phone_case rocking_chair disco_ball bean_bag
"""
_FOOD = """
apple avocado bacon bagel banana beer berry biscuit bread broccoli burger cake candy carrot cheese cherry chocolate
cocktail coconut
coffee cookie corn croissant cucumber cupcake doughnut egg fries fruit garlic grape hot_dog ice_cream juice lemon lime
lollipop mango
meal melon milk mushroom noodle olive onion orange pancake peach pear pepper pie pineapple pizza popcorn potato
pumpkin raspberry
salad sandwich sausage soup steak strawberry sushi tea tomato vegetable waffle watermelon wine birthday_cake
ice_cream_cone
"""
_OUTDOORS = """
airplane airport ambulance barn bicycle bike boat bridge building bus bush cactus campfire canoe car castle chimney church
city cliff cloud
comet daisy driveway ferry field fire_truck flower flowerpot forest fountain garage garden hay helicopter hill
hot_air_balloon house
hut island kayak kite leaf lighthouse log meteor moon motorcycle mountain path peak petal planet plant pond pool
pumpkin_patch
rainbow road rock rocket rocket_ship rose roof rowing_boat sailing_boat sailboat scooter seashell shed ship skyscraper
spaceship speedboat
star stone stairs street submarine sun sunflower taxi temple tower tractor train tree truck tulip ufo van vehicle
volcano wagon
waterfall windmill yacht palm_tree christmas_tree pine_tree oak_tree apple_tree police_car race_car sports_car
pickup_truck
school_bus fire_engine blossom bouquet branch trunk lily orchid sunshade firework sandcastle wave grave gravestone
street_lamp
"""
_REGIONS = """
sky ground grass lawn sand beach meadow snow water sea lake river ocean waterfront horizon pavement sidewalk
background foreground
"""

NOUNS: frozenset[str] = frozenset(
    name.replace("_", " ")
    for table in (_ANIMALS, _PEOPLE, _WORN, _HOUSEHOLD, _FOOD, _OUTDOORS, _REGIONS)
    for name in table.split()
)
"""Canonical nouns; several words are joined by a space."""

NOUN_ALIASES: dict[str, str] = {
    "trex": "t-rex",
    "t rex": "t-rex",
    "tyrannosaurus": "t-rex",
    "tyrannosaurus rex": "t-rex",
    "dino": "dinosaur",
    "tshirt": "t-shirt",
    "t shirt": "t-shirt",
    "tee": "t-shirt",
    "tee shirt": "t-shirt",
    "plane": "airplane",
    "aeroplane": "airplane",
    "aircraft": "airplane",
    "jet": "airplane",
    "automobile": "car",
    "motorbike": "motorcycle",
    "kitty": "cat",
    "doggy": "dog",
    "doggo": "dog",
    "birdie": "bird",
    "ladybird": "ladybug",
    "shades": "sunglasses",
    "sun glasses": "sunglasses",
    "spectacles": "glasses",
    "eyeglasses": "glasses",
    "couch": "sofa",
    "tv": "television",
    "donut": "doughnut",
    "hamburger": "burger",
    "footpath": "path",
    "mobile phone": "phone",
    "cell phone": "phone",
    "cellphone": "phone",
    "gramophone": "record player",
    "hot air ballon": "hot air balloon",
    "ballon": "balloon",
    "blouson": "jacket",
    "xmas tree": "christmas tree",
    "hippopotamus": "hippo",
    "rhinoceros": "rhino",
    "lorry": "truck",
    "sail boat": "sailboat",
    "sailing boat": "sailboat",
    "human": "person",
    "lady": "woman",
    "guy": "man",
    "bg": "background",
    "bkg": "background",
    "backdrop": "background",
    "back ground": "background",
    "fore ground": "foreground",
    "skies": "sky",
    "teacup": "tea cup",
    "fireworks": "firework",
    "glove": "gloves",
    "jean": "jeans",
    "dude": "man",
    "bro": "man",
    "bloke": "man",
    "fella": "man",
    "chap": "man",
    "gentleman": "man",
    "mate": "person",
    "buddy": "person",
    "pal": "person",
    "bestie": "person",
    "guest": "person",
    "guests": "people",
    "folks": "people",
    "bin": "trash can",
    "rubbish bin": "trash can",
    "wheelie bin": "trash can",
}
"""Other words for a canonical noun."""

_IRREGULAR: dict[str, str] = {
    "people": "people",
    "men": "man",
    "women": "woman",
    "children": "child",
    "feet": "foot",
    "teeth": "tooth",
    "geese": "goose",
    "mice": "mouse",
    "oxen": "ox",
    "leaves": "leaf",
    "wolves": "wolf",
    "knives": "knife",
    "shelves": "shelf",
    "loaves": "loaf",
    "calves": "calf",
    "scarves": "scarf",
    "cacti": "cactus",
    "octopi": "octopus",
    "policemen": "policeman",
    "snowmen": "snowman",
    "fishes": "fish",
    "potatoes": "potato",
    "tomatoes": "tomato",
    "heroes": "hero",
    "buses": "bus",
    "ladies": "woman",
    "movies": "movie",
    "cookies": "cookie",
    "pies": "pie",
    "ties": "tie",
    "bowties": "bowtie",
    "selfies": "selfie",
}

HEADWEAR: frozenset[str] = frozenset(
    [
        "hat", "cap", "crown", "helmet", "party hat", "santa hat", "cowboy hat", "top hat", "beret", "tiara",
        "witch hat", "straw hat",
        "baseball cap", "wizard hat", "chef hat", "flower crown", "wig", "headphones", "hood", "halo", "beanie", "bow",
    ]
)  # fmt: skip
"""Worn on a head."""

EYEWEAR: frozenset[str] = frozenset(["sunglasses", "glasses", "goggles", "eyepatch", "monocle"])
"""Worn over the eyes."""

CONTAINERS: frozenset[str] = frozenset(
    [
        "cup", "mug", "glass", "bottle", "bowl", "plate", "jar", "bucket", "basket", "vase", "bag", "box", "pot",
        "can", "pile", "stack", "bouquet",
        "bunch", "tray", "crate", "pitcher", "jug", "scoop", "loaf", "wine glass",
    ]
)  # fmt: skip
"""Things that come with "of": "a cup of coffee"."""

PRINTABLE: frozenset[str] = frozenset(
    [
        "mug", "cup", "coffee mug", "coffee cup", "tea cup", "t-shirt", "shirt", "hoodie", "sweater", "sweatshirt",
        "jersey", "tank top",
        "poster", "billboard", "bag", "backpack", "handbag", "pillow", "cushion", "bottle", "box", "package", "label",
        "book cover",
        "cap", "sign", "screen", "canvas", "phone case", "tote bag", "envelope", "tote", "surface", "flag", "plate",
        "skateboard", "picture frame", "picture", "painting", "wall", "card", "business card", "street sign", "whiteboard",
        "phone", "tablet", "computer", "book", "paper", "jacket", "uniform", "dress", "apron", "banner", "door",
        "surfboard", "balloon", "photo frame", "frame", "notebook", "magazine", "television", "monitor", "laptop",
    ]
)  # fmt: skip
"""Surfaces on which people have pictures printed."""


def singular(word: str) -> str:
    """Return the singular of an English noun by its common endings; a word that is no plural comes back unchanged."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) < 4 or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith(("xes", "ches", "shes", "sses", "zes")):
        return word[:-2]
    return word[:-1]


def canonical_noun(words: str) -> str | None:
    """Return the canonical singular of a noun that the lexicon knows ("mugs" -> "mug"), or None.

    >>> canonical_noun("hot air balloons")
    'hot air balloon'
    """
    if words in NOUN_ALIASES:
        return NOUN_ALIASES[words]
    if words in NOUNS:
        return words
    head, _, last = words.rpartition(" ")
    single = f"{head} {singular(last)}".strip()
    if single in NOUN_ALIASES:
        return NOUN_ALIASES[single]
    return single if single in NOUNS else None
