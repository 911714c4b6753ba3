"""What a message says besides its intent: language, age, budget, volume, order number, e-mail, genres.

Every reader takes the message after `normalise` and answers with a value or None. English and Japanese are
read by the same functions, because customers mix them in one line.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

Language = Literal["en", "ja"]


def cue(pattern: str) -> re.Pattern[str]:
    """Return a pattern whose word borders are those of Latin words, so that "comedy" is found in 「comedy系」 too."""
    return re.compile(pattern, re.ASCII)


ORDER_NUMBER = cue(r"(?<![a-z0-9])[a-z]{2,4}-?\d{4,10}(?:-\d{1,6})?(?![a-z0-9])")
_CUSTOMER_NUMBER = cue(r"^c-?\d+$")
_EMAIL = cue(r"[a-z0-9_.+-]{1,64}@[a-z0-9-]+(?:\.[a-z0-9-]+)+")
_AGE = cue(
    r"(?<!\d)(\d{1,2})[\s-]*(?:years?[\s-]*old|yo\b|yr[\s-]*old)"
    r"|\b(?:i am|i'm|im|he is|she is|he's|she's|is|turned|turning|age|aged)\s+(?:only\s+|just\s+)?(\d{1,2})(?!\s*(?:volumes?|books?|yen|%|\d))(?=\s*(?:[,.!?;]|and|so|now|$))"
    r"|(?<!\d)(\d{1,2})\s*(?:歳|才)(?!以上)"
)
_SCHOOL_AGES: tuple[tuple[re.Pattern[str], int], ...] = (
    (cue(r"(?:elementary|primary) school(?:er|child| kid| student)|小学生"), 9),
    (cue(r"(?:middle school|junior high)(?:er| student| kid)|中学生"), 13),
    (cue(r"high school(?:er| student)|高校生"), 16),
)
_BUDGET = cue(
    r"(?:under|below|less than|up to|at most|max(?:imum)?(?: of)?|within|budget(?: is| of|:)?|only have|have only|no more than|cheaper than|spend)\s*(?:about\s*|around\s*|only\s*)?(?:¥|yen|jpy)?\s*(\d[\d,]*)\s*(?:¥|yen|円|jpy)?"
    r"|(?:¥\s*(\d[\d,]*)|(\d[\d,]*)\s*(?:yen|円))\s*(?:or less|or under|max|budget|以内|以下|まで|未満|くらい|ぐらい|の予算|しか)"
    r"|予算(?:は|が)?\s*(?:¥)?(\d[\d,]*)"
)
_VOLUME = cue(r"\b(?:volume|vol\.?|book|#)\s*(\d{1,3})\b|(?<!全)(?<!\d)(\d{1,3})\s*巻(?!まで出|以内|以下|未満)|第(\d{1,3})巻")
_KANA = cue(r"[\u3041-\u3096\u30a1-\u30fa]")
_CJK = cue(r"[\u3041-\u3096\u30a1-\u30fa\u3400-\u9fff々]")
_LATIN_WORD = cue(r"[a-z][a-z']*")

GENRES: dict[str, re.Pattern[str]] = {
    "action": cue(r"\baction\b|アクション|バトル"),
    "adventure": cue(r"\badventures?\b|冒険"),
    "comedy": cue(r"\bcomed(?:y|ies|ic)\b|\bfunn(?:y|ier|iest)\b|\blaugh|\bhilarious\b|\bhumou?r|コメディ|ギャグ|笑え|笑い"),
    "cooking": cue(r"\bcooking\b|\bfood\b|\bcuisine\b|料理|グルメ"),
    "crime": cue(r"\bcrime\b|犯罪"),
    "detective": cue(r"\bdetectives?\b|探偵"),
    "drama": cue(r"\bdramas?\b|\bdramatic\b|ドラマ"),
    "fantasy": cue(r"\bfantasy\b|ファンタジー"),
    "historical": cue(r"\bhistor(?:y|ical)\b|\bsamurai\b|\bvikings?\b|歴史|時代物|侍"),
    "horror": cue(r"\bhorror\b|\bscar(?:y|ier)\b|\bcreepy\b|ホラー|怖い"),
    "isekai": cue(r"\bisekai\b|異世界"),
    "magical-girl": cue(r"\bmagical[ -]girls?\b|魔法少女"),
    "music": cue(r"\bmusic(?:al)?\b|\bbands?\b|音楽|バンド"),
    "mystery": cue(r"\bmyster(?:y|ies)\b|\bwhodunn?it\b|ミステリ|推理|謎解き"),
    "psychological": cue(r"\bpsychological\b|\bmind games?\b|心理|サイコ|頭脳戦"),
    "romance": cue(r"\bromances?\b|\bromantic\b|\blove stor(?:y|ies)\b|恋愛|ラブ|恋"),
    "school": cue(r"\bschool (?:life|stor|manga|setting)|学園"),
    "science-fiction": cue(r"\bsci-?fi\b|\bscience[\s-]fiction\b|\bouter space\b|(?<![a-z])sf(?![a-z])|近未来|宇宙"),
    "slice-of-life": cue(
        r"\bslice[\s-]of[\s-]life\b|\bco[sz]y\b|\brelax(?:ing|ed)\b|\bgentle\b|\bheartwarming\b|\bwholesome\b|日常|ほのぼの|癒"
    ),
    "sports": cue(r"\bsports?\b|\bvolleyball\b|\bbasketball\b|\bsoccer\b|\bfootball\b|\bbaseball\b|スポーツ|バスケ|バレー|サッカー|野球"),
    "supernatural": cue(r"\bsupernatural\b|\bghosts?\b|超自然|幽霊|妖怪|怪異"),
    "thriller": cue(r"\bthrillers?\b|\bsuspense(?:ful)?\b|スリラー|サスペンス"),
}
"""Genre of the catalogue → how customers call it."""
DEMOGRAPHICS: dict[str, re.Pattern[str]] = {
    "shonen": cue(r"\bsh(?:o|ou|ō)nen\b|少年(?:漫画|マンガ)"),
    "shojo": cue(r"\bsh(?:o|ou|ō)jo\b|少女(?:漫画|マンガ)"),
    "seinen": cue(r"\bseinen\b|青年(?:漫画|マンガ)"),
    "josei": cue(r"\bjosei\b|女性(?:漫画|マンガ)"),
    "kodomo": cue(r"\bkodomo\b|子供向け|児童"),
}


def normalise(text: str) -> str:
    """Return `text` with full-width forms folded (NFKC), case dropped, invisible characters and runs of space removed."""
    folded = unicodedata.normalize("NFKC", text).casefold().replace("’", "'")
    if not folded.isascii():
        folded = "".join(character for character in folded if unicodedata.category(character) != "Cf")
    return " ".join(folded.split())


def language_of(message: str, fallback: Language) -> Language:
    """Return the language to answer in; `message` is normalised, with the names of titles already taken out.

    Kana decide for Japanese unless the line is plainly English with a Japanese word in it.
    """
    kana = len(_KANA.findall(message))
    ideographs = len(_CJK.findall(message))
    words = len(_LATIN_WORD.findall(ORDER_NUMBER.sub(" ", _EMAIL.sub(" ", message))))
    if not ideographs:
        return "en" if words else fallback
    if kana >= 2 and ideographs >= words:
        return "ja"
    return "en" if words >= 3 else "ja"


def age_in(message: str) -> int | None:
    """Return the reader's age in years, if the message states one; school years count as their usual age."""
    for found in _AGE.finditer(message):
        age = int(next(group for group in found.groups() if group))
        if 2 <= age <= 99:
            return age
    for pattern, age in _SCHOOL_AGES:
        if pattern.search(message):
            return age
    return None


def budget_in(message: str) -> int | None:
    """Return the highest price in yen that the customer wants to pay, if stated."""
    found = _BUDGET.search(message)
    if found is None:
        return None
    amount = int(next(group for group in found.groups() if group).replace(",", ""))
    return amount if amount >= 100 else None


def volume_in(message: str) -> int | None:
    """Return the number of the volume that is asked about."""
    found = _VOLUME.search(message)
    return int(next(group for group in found.groups() if group)) if found else None


def order_number_in(message: str) -> str | None:
    """Return an order number as it is written in the order book, e.g. `MA-100234`; customer numbers do not count."""
    for found in ORDER_NUMBER.finditer(message):
        if not _CUSTOMER_NUMBER.match(found.group()):
            return found.group().upper()
    return None


def email_in(message: str) -> str | None:
    """Return the first e-mail address."""
    found = _EMAIL.search(message)
    return found.group() if found else None


def genres_in(message: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return the genres that are wanted and those that are not ("no horror", 「ホラー以外」)."""
    wanted: set[str] = set()
    unwanted: set[str] = set()
    for genre, pattern in GENRES.items():
        found = pattern.search(message)
        if found is None:
            continue
        before, after = message[max(0, found.start() - 14) : found.start()], message[found.end() : found.end() + 8]
        refused = re.search(r"(?:\bno|\bnot|\bwithout|\bhate|\bexcept|n't like|\bnothing)\W*(?:\w+\W+)?$", before) or re.search(
            r"^\s*(?:は|が)?(?:以外|なし|抜き|苦手|嫌い|無し|じゃな|ではな)", after
        )
        (unwanted if refused else wanted).add(genre)
    return frozenset(wanted), frozenset(unwanted)


def demographic_in(message: str) -> str | None:
    """Return the readership asked for: shonen, shojo, seinen, josei or kodomo."""
    return next((name for name, pattern in DEMOGRAPHICS.items() if pattern.search(message)), None)
