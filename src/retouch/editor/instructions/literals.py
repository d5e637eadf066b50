"""Words of the prompt that are to be written or read as they stand: "OPEN" in quotes, what follows "saying", names in capitals.

They are found before the prompt is cut into words, so that nothing in them is corrected, joined or taken for an instruction.
"""

import re
from dataclasses import dataclass

__all__ = ["Literal", "find_literals"]

_LONGEST = 300
_MOST = 24

_QUOTED = re.compile(
    r'"([^"\n]{1,300})"|“([^“”"\n]{1,300})[”“"]|„([^„“”"\n]{1,300})[“”"]|«([^«»\n]{1,300})»|»([^«»\n]{1,300})«|‹([^‹›\n]{1,300})›'
    r"|(?<!\w)'(?=\S)([^\n]{1,300}?)(?<=\S)'(?!\w)|(?<!\w)‘([^‘\n]{1,300}?)’(?!\w)|`([^`\n]{1,300})`"
    r"|(?<!\w)''([^'\n]{1,300})''"
)

_THINGS = (
    r"(?:text|words?|caption|title|headline|heading|subtitle|watermark|lettering|letters|slogan|message|phrase|tagline|label"
    r"|name|greeting|inscription|sentence|quote)"
)
_CARRIERS = (
    rf"(?:{_THINGS}|it|that|which|to|sign|banner|poster|board|shirt|t-shirt|tshirt|billboard|book|mug|card|bubble|badge"
    r"|plate)"
)
_CUE = re.compile(
    rf"\b(?:write|writes|writing|says?|saying|said|reads?|reading|{_THINGS}|captions|titles|logo|sign|bubble|banner|typo|spell"
    r"|spelled|signature|stamp|type|font|copyright|overlay|signed|inscribe)\b",
    re.IGNORECASE,
)
_VERB = (
    r"(?:add|put|place|insert|overlay|print|stamp|type|write|remove|erase|delete|change|replace|swap|substitute|turn|fix|correct|show"
    r"|get rid of|take out|paint|draw)"
)
_BEFORE_QUOTE = re.compile(rf"(?:^|\b{_VERB}|->|=>|,)\s*:?\s*$", re.IGNORECASE)

_SIDE = r"(?:top|bottom|upper|lower|left|right|cent(?:er|re)d?|middle|corners?|side|edge|foreground|background|sky)"
_STYLE = (
    rf"(?:{_SIDE}|red|orange|yellow|green|blue|purple|pink|black|white|gr[ae]y|gold(?:en)?|silver|brown|teal|cyan|magenta"
    r"|turquoise|beige|navy|violet|lime|cream|dark|light|bright|pale|neon|big|large|huge|giant|small|tiny|little|medium|bold"
    r"|italics?|serif|sans|sans-serif|script|handwrit\w+|cursive|typewriter|monospace|capitals?|caps|uppercase|lowercase|fonts?"
    r"|letters|lettering|type|outline|shadow|size|[#][0-9a-f]{3,6}|\d+\s?(?:px|pt|%|pixels))"
)
_EDIT_VERB = (
    r"(?:make|add|put|blur|remove|erase|delete|change|turn|replace|keep|give|crop|brighten|darken|recolou?r|paint|place|rotate|flip|use"
    r"|write|set|sharpen|do|warm|cool)"
)
_END = re.compile(
    rf"""\s*(?:[.;]?\s*(?:\n|$)|[.!?;](?=\s+{_EDIT_VERB}\b)
    |,?\s+(?:in|with|using|as)\s+(?:an?\s+|the\s+|its?\s+|very\s+|some\s+|nice\s+|\w+ly\s+)*{_STYLE}\b
    |,?\s+(?:at|in|to|across|along|near|over|into|towards?|for|by)\s+(?:the\s+|my\s+)?(?:very\s+)?(?:{_SIDE}|picture|image|photo|whole)\b
    |,?\s+(?:on|onto|from|inside|below|above|under|underneath|beneath|over|across|next\s+to|beside|behind)\s+(?:the|my|his|her|this|its|their|an?|it|him|each)\b
    |,?\s+(?:on|onto|below|above|under|underneath|beneath|over|behind|beside|next\s+to)\s+(?:us|me|them)\b
    |,\s*{_STYLE}\b|\s+{_SIDE}\s*(?:{_SIDE})?\s*(?:corner)?\s*(?=$|[.,\n]|\s(?:of|in|and)\s)
    |,?\s+(?:below|above|underneath|beneath|diagonally|please)\b(?=$|[.,\s])
    |,?\s+(?:and|then|but|,)\s+(?:then\s+|also\s+)?{_EDIT_VERB}\b)""",
    re.IGNORECASE | re.VERBOSE,
)

_NOT_WORDS = (
    r"(?!(?:on|in|at|from|with|is|to|of|and|that|which|saying|says?|reads?|reading|something|somewhere|some|it|over|below|above|near"
    r"|anywhere|here|there|a\s+caption|(?:the|a|an|my)\s+(?:text|words?|title|caption|name|message|phrase|sentence|date|letter|story|poem|greeting|headline)|text|words|as|for|by|under|into|me|"
    r"like|out|using|bigger|smaller|larger|bolder)\b)"
)
_NO_START = (
    rf"(?:{_STYLE}|higher|lower|closer|further|farther|nearer|up|down|back|next|behind|beneath|underneath|beside|inside|across"
    r"|along|around|where|when|so|if|because|again|please|pls|too|then|also|more|less|instead|without|within|between|away"
    r"|horizontal\w*|vertical\w*|diagonal\w*|straight|curved|be|are|was|were|should|must|you\s+(?:think|see|find)|i\s+(?:sent|wrote|want))\b"
)
"""What tells where or how the words stand, and is none of them."""
_NO_TITLE = (
    r"(?:box|boxes|bubble|bubbles|effects?|page|overlays?|layer|bar|banner|card|area|field|blocks?|lines?|safe|style)\b"
)
_SAYING = re.compile(
    rf"(?:\b(?:say|says|saying|that\s+said)|\b{_CARRIERS}\s+(?:(?:should|must|to|shall)\s+)?reads?\b|\b{_CARRIERS}\s+reading)(?:\s*:\s*|\s+)"
    rf"(?:the\s+words?\s+)?{_NOT_WORDS}(?=\S)",
    re.IGNORECASE,
)
_WRITE = re.compile(
    rf"\b(?:write|inscribe|writing)(?:\s*:\s*|\s+)(?:(?:the\s+|a\s+|my\s+)?(?:words?|text|caption|title|message|phrase|sentence|greeting)\s*:?\s+)?"
    rf"{_NOT_WORDS}(?=\S)|\b(?:title|caption|label)\s+(?:it|this|(?:the|this)\s+(?:photo|image|picture))\s*:?\s+(?:as\s+)?(?=\S)",
    re.IGNORECASE,
)
_NAMED = re.compile(rf"\b{_THINGS}(?:\s*:\s*(?=\S)|\s+(?=(?-i:[A-Z0-9©®™@#])))", re.IGNORECASE)
_PLACED = re.compile(
    rf"""\b(?:add|put|place|insert|overlay|print|stamp|type|include)\s+
    (?:(?:(?:the|my|these|this|those)\s+(?:words?|text|caption|title|headline|heading|slogan|phrase|message|tagline|greeting|quote)
        |words)\s+(?:{_NOT_WORDS}|(?=for\s+(?:sale|rent|hire|ever|free|you)\b))(?!{_NO_START})(?=[a-z])
    |(?:an?\s+|some\s+)?(?:text|caption|title|headline|heading|slogan|phrase|message|tagline|greeting)\s+{_NOT_WORDS}(?!{_NO_START}|{_NO_TITLE})
        (?=[a-z][\w'’]*\s+(?!in\b|at\b|on\b|to\b|with\b|and\b|across\b|over\b|please\b)\w))""",
    re.IGNORECASE | re.VERBOSE,
)
"""Words in lower case without quotes: "add the words happy birthday mom", "add a caption best day ever"."""
_LETTERED = re.compile(
    rf"\b(?:add|put)\s+(?!(?:the|an?|some|my|his|her|this|that|it|more)\b|{_THINGS}\b|{_NO_START}){_NOT_WORDS}(?=\w)"
    r"(?=[^.\n\"“]{1,200}?\bin\s+(?:\w+\s+){0,3}(?:letters|lettering|font|handwriting|capitals|typeface)\b)",
    re.IGNORECASE,
)
"""Words that only "in blue letters" behind them tells: "add happy birthday leo in blue letters"."""
_WORD = re.compile(rf"\b(?:the|this)\s+word\s+{_NOT_WORDS}(?=\S)", re.IGNORECASE)
_CAPS = r"(?-i:[A-Z][A-Z0-9'&!-]*[A-Z0-9!](?:\s+[A-Z0-9&!-]+){0,5})"
_CAPS_PAIR = re.compile(
    rf"\b(?:change|replace|swap|substitute|turn|correct|fix|switch|rename|edit)\s+(?:(?:it|the\s+(?:sign|text|word|label|lettering|writing))\s+)?(?:from\s+)?({_CAPS})\s+(?:to|with|by|into|for)\s+({_CAPS})\b",
    re.IGNORECASE,
)
_NUMBER_PAIR = re.compile(
    r"\b(?:change|replace|swap|correct|fix)\s+(\d{2,6})\s+(?:to|with|by|into|for)\s+(\d{2,6})\b(?!\s*(?:%|px|percent))",
    re.IGNORECASE,
)
_CAPS_ALONE = re.compile(
    rf"\b(?:remove|erase|delete|put|add|stamp|print|type|overlay|place)\s+({_CAPS})(?=\s*(?:$|[.,\n]|(?:from|on|onto|at|in|across|over)\s))",
    re.IGNORECASE,
)
_ONTO_NEW = re.compile(
    r"""["”“»'’`]?\s*(?:to(?:\s+say|\s+read)?|with|by|into|for|->|=>)\s+(?:the\s+(?:words?|text)\s+)?(?=[^\s"'“„«‘`])""",
    re.IGNORECASE,
)
_REPLACING = re.compile(r"\b(?:change|replace|swap|substitute|turn|correct|fix)\b", re.IGNORECASE)


_PAIR_OF_QUOTES = re.compile(r"\0\s*(?:to|with|by|into|for|and|->|=>)\s*\0", re.IGNORECASE)
"""Two quotes, each written as one zero character."""
_WITH_NEW = re.compile(r"\s+(?:with|to|by|into)\s", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Literal:
    """A part of the prompt that is lettering.

    Attributes
    ----------
    start, end : int
        Its place in the prompt, quotes included.
    text : str
        The words themselves, as typed, runs of white space made one space.
    quoted : bool
        Whether the prompt marks it; otherwise where it ends is a reading of ours.
    """

    start: int
    end: int
    text: str
    quoted: bool


def find_literals(prompt: str) -> list[Literal]:
    """Return the lettering in a prompt, in order, without overlaps.

    Quotes count only where the sentence is about lettering, or directly behind its verb ('put "SALE" on it'): people also quote
    things ('make the "mug" red').

    >>> [part.text for part in find_literals('change "Open" to "Closed"')]
    ['Open', 'Closed']
    >>> [part.text for part in find_literals("add a sign saying Welcome home in red letters")]
    ['Welcome home']
    >>> find_literals('make the "mug" red')
    []
    """
    found: list[Literal] = []
    about_lettering = _CUE.search(_QUOTED.sub(" ", prompt)) is not None
    about_lettering = about_lettering or _PAIR_OF_QUOTES.search(_QUOTED.sub("\0", prompt)) is not None
    for match in _QUOTED.finditer(prompt):
        inner = next(group for group in match.groups() if group is not None)
        whole = match.start() <= 1 and match.end() >= len(prompt.rstrip(" .!")) - 1
        text = " ".join(inner.split())
        behind_verb = _BEFORE_QUOTE.search(prompt, 0, match.start()) if match.start() < _LONGEST * 10 else None
        if text and not whole and (about_lettering or (behind_verb is not None and not _is_thing(text))):
            found.append(Literal(match.start(), match.end(), text, quoted=True))
    found += _unquoted(prompt, found)
    return sorted(found, key=lambda literal: literal.start)


def _is_thing(text: str) -> bool:
    return text.split()[0] in ("a", "an", "the", "this", "my", "his", "her")


def _unquoted(prompt: str, taken: list[Literal]) -> list[Literal]:
    """Return the literals that only their surroundings give away."""
    found: list[Literal] = []

    def claim(start: int, end: int) -> None:
        raw = prompt[start:end].rstrip(" ,.;:")
        end = start + len(raw)
        free = all(end <= other.start or start >= other.end for other in [*taken, *found])
        if raw and free and len(found) < _MOST and any(char.isalnum() for char in raw):
            found.append(Literal(start, end, " ".join(raw.split()), quoted=False))

    replacing = _REPLACING.search(prompt) is not None
    shouting = not any(char.islower() for char in prompt)
    if not shouting:
        for match in _CAPS_PAIR.finditer(prompt):
            claim(*match.span(1))
            claim(*match.span(2))
        for match in _NUMBER_PAIR.finditer(prompt):
            claim(*match.span(1))
            claim(*match.span(2))
        for match in _CAPS_ALONE.finditer(prompt):
            claim(*match.span(1))
    for match in _WORD.finditer(prompt):
        word = re.compile(r"\S+").match(prompt, match.end())
        if word is not None and prompt[match.end()] not in "\"'“„«‘`":
            claim(*word.span())
    for pattern in (_SAYING, _WRITE, *(() if shouting else (_NAMED, _PLACED, _LETTERED))):
        for match in pattern.finditer(prompt):
            if prompt[match.end()] not in "\"'“„«‘`":
                end = _end(prompt, match.end())
                new = _WITH_NEW.search(prompt, match.end(), end) if replacing and pattern is not _SAYING else None
                claim(match.end(), new.start() if new else end)
    if replacing:
        for literal in [*taken, *found]:
            follows = _ONTO_NEW.match(prompt, literal.end)
            if follows is not None:
                claim(follows.end(), _end(prompt, follows.end()))
    return found


def _end(prompt: str, start: int) -> int:
    """Return where words without quotes end: before a place, a style, the next instruction, the end of the line."""
    line_end = prompt.find("\n", start)
    limit = min(start + _LONGEST, len(prompt) if line_end < 0 else line_end)
    match = _END.search(prompt, start, limit)
    ended = _QUOTED.search(prompt, start, limit)
    ends = [
        place for place in (match.start() if match else None, ended.start() if ended else None) if place is not None
    ]
    return min([place for place in ends if place > start], default=limit)
