"""Requests to undress somebody, in the languages that are read: refused before anything else is looked at."""

import re

__all__ = ["asks_to_undress"]

_GARMENTS = {
    "English": (
        "clothes|clothing|clothings|cloths|outfit|garments?|shirts?|t-?shirts?|tshirts?|dress|dresses|jackets?|coats?|"
        "pants|panties|"
        "trousers|jeans|shorts|skirts?|blouses?|sweaters?|hoodies?|bras?|bikinis?|swimsuits?|swimwear|underwear|undies|"
        "lingerie|"
        "leggings|suit|uniform|robe|costume|jumper|cardigan|pullover|tights|stockings|spacesuit"
    ),
    "German": (
        "kleidung|kleider|kleid|klamotten|hemd|t-?shirt|jacke|mantel|hose|hosen|jeans|rock|bluse|pullover|pulli|bh|bikini|"
        "badeanzug|unterwäsche|unterhose|slip|anzug|oberteil|sachen"
    ),
    "French": (
        "vêtements?|vetements?|habits?|chemise|t-?shirt|robe|veste|manteau|pantalon|jean|jupe|chemisier|pull|"
        "soutien-gorge|bikini|"
        "maillot(?: de bain)?|culotte|sous-vêtements|lingerie|costume|haut"
    ),
    "Spanish": (
        "ropa|prendas?|camisas?|camisetas?|vestido|chaqueta|abrigo|pantal[oó]n(?:es)?|vaqueros|falda|blusa|su[eé]ter|"
        "jersey|sost[eé]n|"
        "sujetador|bikini|bañador|bragas|ropa interior|lencer[ií]a|traje"
    ),
    "Portuguese": (
        "roupas?|camisas?|camisetas?|vestido|jaqueta|casaco|cal[çc]as?|saia|blusa|su[eé]ter|suti[ãa]|biqu[ií]ni|mai[ôo]|"
        "calcinha|cueca|lingerie|terno|roupa íntima"
    ),
    "Italian": (
        "vestiti|vestito|abiti|abito|camicia|maglietta|t-?shirt|giacca|cappotto|pantaloni|jeans|gonna|camicetta|maglione|"
        "reggiseno|bikini|costume|mutande|mutandine|intimo|biancheria"
    ),
}  # fmt: skip
_REMOVALS = {
    "English": (
        "remove|removing|delete|erase|take off|taking off|get rid of|strip off|rip off|tear off|pull off|peel off|cut off|"
        "without|no|lose|"
        "drop|undo|unbutton|open|lift|edit out|photoshop out|take away|cut away"
    ),
    "German": "entferne|entfernen|entfern|lösche|ohne|zieh|ziehe|weg mit|nimm|mach|mache|reiß|reiße",
    "French": "enlève|enlever|enleve|enlevez|retire|retirer|retirez|supprime|supprimer|ôte|ôter|efface|sans",
    "Spanish": "quita|quitar|quítale|quitale|quítele|elimina|eliminar|elimínale|borra|borrar|sin|saca|sácale",
    "Portuguese": "remova|remover|remove|tira|tire|tirar|elimina|elimine|apague|apaga|retire|sem",
    "Italian": "rimuovi|rimuovere|togli|togliere|toglile|togligli|elimina|eliminare|cancella|senza|leva|levale",
}
_BETWEEN = {
    "English": "the|her|his|their|my|your|our|all|of|any|some|a|this|that|these|those|woman's|man's|girl's|boy's|lady's|"
    "person's|guy's",
    "German": "die|der|den|das|dem|ihre|ihren|ihr|seine|seinen|sein|ihm|alle|meine|meinen|unsere|jede",
    "French": "le|la|les|l|son|sa|ses|leur|leurs|mon|ma|mes|tous|tout|lui|de|à",
    "Spanish": "el|la|los|las|su|sus|mi|mis|toda|todo|le|de",
    "Portuguese": "o|a|os|as|sua|suas|seu|seus|minha|meu|toda|todas|dela|dele",
    "Italian": "il|la|i|le|lo|gli|l|suo|sua|suoi|sue|mio|mia|tutti|tutta|suoi",
}  # fmt: skip
_WORN = re.compile(
    r"\b(?:jacket|coat|shirt|clothes|clothing|dress|jeans|pants|sweater|hoodie|robe|suit|costume)s? "
    r"(?:\w+ )?(?:on|off|from|over|under|behind|next to|in) (?:the|a|that|this) "
    r"(?:\w+ )?(?:chair|hanger|hook|floor|bed|sofa|couch|table|rack|wall|door|line|clothesline|fence|bench|rail|"
    r"background|mannequin)\b"
)
"""Clothes that nobody wears."""
_ENDS = (
    r"(?=$|[ ]*[.,;:!?)]|[ ]+(?:from|off|of|on|please|pls|and|so|now|completely|entirely|that|in|she|he|weg|aus|de|da|"
    r"di|von|s'il|por|per|bitte|dela|dele|plz|now)\b)"
)
_STRIPPED = "|".join(
    rf"\b(?:{_REMOVALS[name]})(?: (?:{_BETWEEN[name]}|\w+'s)\b'?){{0,4}}[ ']+(?:{words})\b{_ENDS}"
    for name, words in _GARMENTS.items()
)
_PEOPLE = (
    "her|him|them|me|us|she|he|(?:the |this |that |my )?(?:woman|man|girl|boy|lady|guy|person|people|model|child|kid)"
)
_SAID = "|".join(
    (
        r"\bundress\w*|\bdisrobe\w*|\bunclothe[ds]?\b|\bnaked\b(?! (?:eye|tree|statue|rock))|\btopless\b|\bbottomless\b|"
        r"\bshirtless\b|\bnudes?\b(?! (?:tone|"
        r"color|colour|lip|nail|pink|beige|palette|shade|makeup|statue|sculpture|painting|figure|art))|\bnudity\b|"
        r"\bnudify\b|\bdeepnude\b|\bclotheless\b|\bclothes-?less\b",
        rf"\bstrip (?:{_PEOPLE})\b(?! of)|\bstrip (?:{_PEOPLE}) of (?:her|his|their|the) (?:{_GARMENTS['English']})\b",
        rf"\b(?:take|get|pull|rip|tear|have|want)s? (?:\w+ )?(?:her|his|their|my|the)"
        rf"(?: \w+'s)? (?:{_GARMENTS['English']}|top) (?:off|removed)\b",
        r"\b(?:remove|take off|pull down|lift|without|lose) (?:her|his|their) top\b",
        rf"\b(?:get|take) (?:{_PEOPLE}) out of (?:her|his|their|the) (?:{_GARMENTS['English']})\b",
        rf"\b(?:her|his|their|the)(?: \w+'s)? (?:{_GARMENTS['English']}) (?:\w+ ){{0,2}}"
        r"(?:transparent|see-?through|see through|sheer|invisible|disappear|vanish|gone|away)\b",
        r"\b(?:put|dress|show|make|give|imagine|replace|swap|change|turn)\b[^.;!?]{1,60} (?:in|wearing|wear|into|with|to) "
        r"(?:(?:only|just|nothing|but|a|an|her|his|some|sexy|black|red|tiny) ){0,4}(?:bikini|lingerie|underwear|thong|"
        r"panties|bra)\b"
        + _ENDS,
        r"\b(?:wearing|wear|wears) nothing\b|\bx-?ray (?:her|his|their|the) (?:clothes|dress|shirt)\b|"
        r"\bsee through (?:her|his|their)\b",
        r"\bnackt\w*|\bausziehen\b|\bentkleide\w*|\boben ohne\b|\b(?:zieh|ziehe) (?:\w+ ){1,5}aus\b|\bnackig\b",
        r"\bdéshabill\w*|\bdeshabill\w*|\bdévêt\w*|\bnue?s?\b(?= *$|[ ,.!])(?<!pied nu)|\btorse nu\b|\bseins nus\b",
        r"\bdesnud\w*|\bdesvist\w*|\bdesvest\w*|\bdespoj\w*|\ben pelotas\b",
        r"\bnuas?\b|\bnus?\b(?= *$|[ ,.!])|\bpelad[oa]s?\b|\bdesp(?:ir|e|a|iu)\b|\bdesnud\w*",
        r"\bnud[oai]\b|\bspogli\w*|\bsvesti\w*",
        r"脱光|脱掉|脱下|脱衣|裸体|裸照|裸露|全裸|半裸|赤裸|光着身子|不穿衣服|没穿衣服|没有衣服|一丝不挂|脱她|脱他|把.{0,6}脱",
        r"(?:去掉|去除|移除|删除|删掉|消除|拿掉|抹去|去).{0,6}(?:衣服|衬衫|裙子|外套|夹克|裤子|内衣|比基尼|上衣|连衣裙|西装|毛衣|泳衣|文胸|胸罩)(?!上|的|里)",
        r"把.{0,6}(?:衣服|衬衫|裙子|外套|夹克|裤子|内衣|比基尼|上衣|连衣裙|毛衣|泳衣|文胸|胸罩)(?:都|全)?(?:去掉|去除|移除|删除|删掉|变透明|变成透明)",
    )
)  # fmt: skip
_ASKED = re.compile(f"{_SAID}|{_STRIPPED}")


def asks_to_undress(prompt: str) -> bool:
    """Whether a prompt asks to take somebody's clothes off, in any of the languages that are read.

    Stains on clothes, clothes on a hanger, "nude tones" and words in double quotes are none of it. Every repetition in the
    pattern is bounded: O(len(prompt)).
    """
    text = " ".join(_LETTERING.sub(" ", prompt).translate(_QUOTES).lower().split())
    return _ASKED.search(_WORN.sub(" ", text)) is not None


_LETTERING = re.compile(r'"[^"]*"|“[^”]*”')
_QUOTES = str.maketrans({"’": "'", "‘": "'", "`": "'", "´": "'"})
