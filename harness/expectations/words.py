"""Reading words that a text states of a title: its author and its publication state; in English and Japanese."""

from __future__ import annotations

import bisect
from collections.abc import Iterator
from typing import Any

import re2

from harness.expectations.scan import Scan
from harness.expectations.wording import Denied, Said

_NAME = r"([A-Z][\w.'-]*(?: [A-Z][\w.'-]*){0,3})"
_WRITTEN_BY: Any = re2.compile(
    rf"(?i:\b(?:written(?: and (?:illustrated|drawn))?|created|authored|penned) by|\b(?:author|creator|mangaka)(?: of [^.\n]{{1,60}}?)? is|"
    rf"\b(?:author|creator|mangaka):) {_NAME}"
)
_BY: Any = re2.compile(r"(?i)\bby $|[(,] ?$")
_TIGHT_BY: Any = re2.compile(r"(?i)^[\"'』」)]*(?:,? \(?|\()?(?:is |was )?(?:(?:a|the) )?(?:manga |series |work )?by $|^[\"'』」)]*,? ?\($")
_NO_AUTHOR_IS: Any = re2.compile(r"^(?:The|A|An|Not|Also|Unknown|Our|One|It|Still|Now|Very|Best|Well|Known|Highly|I|We|You|They|He|She)\b")
_JAPANESE_LEAD: Any = re2.compile(r"(?:作者|著者|作家|原作者?|漫画家)(?:は|が|:|・|も)?\s?[「『(]?$")
_JAPANESE_TAIL: Any = re2.compile(
    r"^(?:先生|さん|氏|様)?(?:の(?:作品|漫画|代表作|名作|傑作)(?:です|で、|で|。|として|でござ|、|$)|による(?:作品|漫画|名作|物語)|が(?:描|手がけ|執筆|作者)|作(?:、|。|,|\)|の|です|$)|"
    r"先生?著)"
)


def authors(scan: Scan) -> Iterator[Said]:
    """Yield the names of those who are said to have made a title, as written."""
    known_at = [mention.start for mention in scan.authors]
    for mention in scan.authors:
        lead = scan.text[max(0, mention.start - 24) : mention.start]
        gap = scan.gap_to_title_before(mention.start)
        tight = _BY.search(lead) is not None and gap is not None and _TIGHT_BY.search(gap) is not None
        tail = scan.after(mention.end)
        japanese = _JAPANESE_LEAD.search(lead) or (gap is not None and _JAPANESE_TAIL.search(tail))
        if tight or japanese:
            yield Said(mention.text, mention.start, mention.end, loose=japanese is not None)
    for match in _WRITTEN_BY.finditer(scan.text):
        start, end = match.span(1)
        index = bisect.bisect_left(known_at, start)
        if index < len(known_at) and known_at[index] < end:
            mention = scan.authors[index]
            yield Said(mention.text, mention.start, mention.end, loose=True)
        elif not _NO_AUTHOR_IS.search(match.group(1)) and " " in match.group(1):
            yield Said(match.group(1).rstrip(".'-"), start, end, loose=True)


_STATE: Any = re2.compile(
    r"(?i)\b(?:is|was|are|has|hasn't|have|been|isn't|wasn't|status:?|remains|still|now|currently|also|already|fully|not|yet|both|all|never|longer|officially|"
    r"series,?|manga,?|as|n't)\s+(completed?|finished|concluded|ended|ongoing|on (?:an? )?(?:\w+ )?hiatus)\b|"
    r"['’]s (completed?|finished|ongoing|on (?:an? )?(?:\w+ )?hiatus)\b|"
    r"[(,;:|·/-] ?(?:status:? )?(completed?|finished|ongoing|on hiatus) ?(?:[),;|·/.-]|$|and\b|in \d)|"
    r"\b(completed|finished|ongoing) (?:series|manga|story|saga)\b|"
    r"\b(?:still|currently|no longer) (running|(?:being )?(?:published|serialised|serialized)|in (?:publication|serialisation|serialization)|publishing new)\b|"
    r"(完結|連載中|連載(?:が|は)?(?:続いて|継続)|休載中|休載して|長期休載)"
)
_JAPANESE_STATE = 6
"""Group of the pattern that holds the Japanese words."""
_NOT_A_STATE_AFTER: Any = re2.compile(
    r"(?i)^ ?(?:set|edition|box|collection|your|the |this |guide|list|works|offers?|sale|promotion|deal|discount|campaign|reading|with you)"
)
_STATE_IN_DOUBT: Any = re2.compile(
    r"(?i)\b(?:if|whether|when|until|once|unless|rather|prefer\w*|want\w*|looking|will|would|soon|nearly|almost|expected|before|after|not sure|may|might|could|"
    r"should|other|another|any|some|unlike|than|ask|know|anime|movie|film|season|arc|part|chapter|spin-off|sequel|you|i|we|volume)\b|n't sure"
)
_OF_SOMETHING_ELSE: Any = re2.compile(
    r"(?i)\b(?:orders?|payments?|refunds?|returns?|deliver\w*|shipments?|checkout|purchases?|registration|requests?|transactions?|exchanges?|cancell?ation|"
    r"promotions?|sales?|campaigns?|offers?|deals?|coupons?|pre-orders?|inquiry|resumed|resumes|used to|previously)\b|"
    r"再開|予定|間近|かどうか|場合|ご注文|返品|返金|お支払|手続|キャンペーン|セール|アニメ|以前は|第[一二三1-9]部"
)
_DENIED_BEFORE: Any = re2.compile(r"(?i)(?:\b(?:not|never|no longer|yet to be|isn't|hasn't|wasn't|aren't)|n't)\b[^.]{0,16}$")
_DENIED_AFTER: Any = re2.compile(
    r"^(?:は|も)?(?:まだ)?(?:して(?:は)?(?:い|お)り?ません|していない|しておらず|しません|(?:で|に)は(?:あり|ござい)ません|(?:で|に)はない|ではなく)"
)
_STATED_AFTER: Any = re2.compile(
    r"^(?:して(?:い|お)り?ます|して(?:い|お)り|しているため|しました|済み?|です|でござ|となり|、|。|,|\)|」|・|/|$|\s|(?:の|した)?『|ます|おり|の?ため|で、)"
)
_GENERIC_AFTER: Any = re2.compile(
    r"^(?:済みの|した|の)?(?:作品|シリーズ|もの|漫画|マンガ)(?:を|が(?:よ|お|い)|も|から|や|か|に絞|のみ|だけ|で(?:お|よ))"
)
_ABOUT_THE_SERIES: Any = re2.compile(
    r"(?i)^\W*(?:(?:yes|no|and|so|but|also|good news)\W+)*(?:it|it's|this (?:series|manga|one)|the (?:series|manga|story))\b|[ぁ-ゖ]"
)


_ENDED = ("complete", "finished", "concluded", "ended")


def publication_states(scan: Scan) -> Iterator[Said]:
    """Yield whether a title is said to be completed, ongoing or on hiatus, or is denied to be."""
    for match in _STATE.finditer(scan.text):
        group = next(index for index in range(1, _JAPANESE_STATE + 1) if match.group(index))
        start, end = match.span(group)
        sentence = scan.sentence_text(start)
        if _OF_SOMETHING_ELSE.search(sentence):
            continue
        said = (
            _japanese_state(scan, match.group(group), end)
            if group == _JAPANESE_STATE
            else _english_state(scan, match.group(group), start, end)
        )
        if said is not None:
            if group == _JAPANESE_STATE and scan.text[:start].endswith("未"):
                said = Denied("completed")
            yield Said(said, start, end, _ABOUT_THE_SERIES.search(sentence) is not None)


def _english_state(scan: Scan, word: str, start: int, end: int) -> str | Denied | None:
    before = scan.before(start)
    if _STATE_IN_DOUBT.search(before) or _NOT_A_STATE_AFTER.search(scan.after(end)):
        return None
    folded = word.casefold()
    state = "hiatus" if folded.endswith("hiatus") else "completed" if folded.startswith(_ENDED) else "ongoing"
    return Denied(state) if _DENIED_BEFORE.search(before) else state


def _japanese_state(scan: Scan, word: str, end: int) -> str | Denied | None:
    after = scan.after(end)
    state = "completed" if word == "完結" else "ongoing" if word.startswith("連載") else "hiatus"
    if _DENIED_AFTER.search(after):
        return Denied(state)
    if _GENERIC_AFTER.search(after):
        return None
    if state == "completed" and not _STATED_AFTER.search(after):
        return None
    return state
