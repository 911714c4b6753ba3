"""Reading numbers that a text states of a title: price, volume count, stock, age rating; in English and Japanese.

Each reader yields values with their places. What surrounds a number decides whether it is such a value at all:
"over ¥3,000", "volume 34", "the first 3 volumes" and "18+ titles" are not.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import re2

from harness.expectations.numerals import DIGITS, KANJI, WORDS, number_of
from harness.expectations.scan import Scan
from harness.expectations.wording import Said

_PRICE: Any = re2.compile(rf"(?i)(?:¥|\bJPY) ?({DIGITS})|({DIGITS}|{KANJI}|{WORDS}) ?(?:円|yen\b|JPY\b)")
_FOREIGN_PRICE: Any = re2.compile(
    r"(?i)(?:(?:US|CA|AU)?\$|€|£|\b(?:USD|EUR|GBP)) ?\d[\d.,]*\d|(?:(?:US|CA|AU)?\$|€|£|\b(?:USD|EUR|GBP)) ?\d|"
    r"\b\d[\d.,]* ?(?:€|£|(?:US )?dollars?\b|euros?\b|USD\b|EUR\b|GBP\b|ドル|ユーロ|ポンド)"
)
_ELSEWHERE: Any = re2.compile(
    r"(?i)\b(?:other|another|elsewhere|abroad|overseas|about|around|roughly|approx\w*|equivalent|equals?|exchange|convert\w*|import\w*|american?|us|uk|european|list price in)\b|"
    r"他店|他社|海外|約|相当|換算|米国|アメリカ"
)
_NOT_A_PRICE_BEFORE: Any = re2.compile(
    r"(?i)\b(?:over|above|under|below|less than|more than|at least|up to|within|exceed\w*|from|between|shipping|postage|deliver\w*|fees?|total\w*|"
    r"sum|budget|sav(?:e|es|ing|ings)|discount\w*|off|points?|coupons?|refund\w*|charges?|subtotal|spend\w*|orders?|was|were|originally|instead of|"
    r"regular\w*|now|sale|set|box|bundle|all \d+|limit\w*|max\w*|wrap\w*|(?:two|three|four|five|six|ten|\d+) volumes? (?:for|at|cost|costs|are|come|comes|"
    r"would be|make)|(?:two|three|four|five|six|ten|both|together|altogether))\b|"
    r"送料|手数料|合計|総額|小計|予算|割引|値引|引き|クーポン|ポイント|返金|返送|通常(?:価格|は)|特価|セール|税抜|上限|代引|残高|セット|以内|ご注文|ラッピング|"
    r"(?:[2-9]|\d{2,}|[二三四五六七八九十百]+)冊|全\d+巻(?:で|を|が|まとめ|揃|分)[^、。]{0,8}$"
)
_NOT_A_PRICE_AFTER: Any = re2.compile(
    r"(?i)^\s*(?:or (?:more|less|over|above|under)|and (?:over|up|above|more)|in total|total|altogether|off\b|discount|for (?:\d|all|both|two|three|four|five|"
    r"the (?:set|whole|complete|entire|bundle))|shipping|postage|fee\b|coupon|budget|points?|gift|credit|less\b|more\b|cheaper|each way|"
    r"以上|以下|未満|以内|を超|引き|オフ|割引|分の?|相当|の送料|の手数料|の予算|のクーポン|のお買い|お得|セット|台|前後|程度|\+|-|~|から)"
)
_ABOUT_A_VOLUME: Any = re2.compile(
    r"(?i)(?:^|\W)(?:it|it's|each volume|(?:one|a) volume|per volume|volume \d+|vol\.? ?\d+|the price (?:is|of)|priced)\b|"
    r"価格は|値段は|お値段|1冊|一冊|第?\d+巻|各巻"
)
_OF_A_POLICY: Any = re2.compile(
    r"(?i)\b(?:shipping|postage|deliver\w*|wrap\w*|fees?|points?|coupons?|refund\w*|gifts?|discount\w*|orders?|total)\b|送料|手数料|ポイント|クーポン|返金|"
    r"返送|ラッピング|割引|ご注文|合計|代引"
)


def prices(scan: Scan) -> Iterator[Said]:
    """Yield the prices of one volume: yen, or as written where it is a currency in which the shop sells nothing."""
    yield from _foreign_prices(scan)
    for match in _PRICE.finditer(scan.text):
        start, end = match.span()
        at = match.start(1) if match.group(1) else match.start(2)
        if _inside_a_number(scan.text, at, end) or scan.text[max(0, at - 1) : at] in _SEVERAL:
            continue
        if not _of_something_else(scan, start, end):
            yield Said(number_of(match.group(1) or match.group(2)), start, end, _about_a_volume(scan, start))


def _foreign_prices(scan: Scan) -> Iterator[Said]:
    for match in _FOREIGN_PRICE.finditer(scan.text):
        start, end = match.span()
        sentence = scan.sentence_text(start)
        if _PRICE.search(sentence) or _ELSEWHERE.search(sentence) or _of_something_else(scan, start, end):
            continue
        yield Said(match.group(), start, end, _about_a_volume(scan, start))


def _of_something_else(scan: Scan, start: int, end: int) -> bool:
    return _NOT_A_PRICE_BEFORE.search(scan.before(start)) is not None or _NOT_A_PRICE_AFTER.search(scan.after(end)) is not None


def _about_a_volume(scan: Scan, at: int) -> bool:
    sentence = scan.sentence_text(at)
    return _ABOUT_A_VOLUME.search(sentence) is not None and _OF_A_POLICY.search(sentence) is None


_VOLUMES: Any = re2.compile(
    rf"(?i)(\b\d{{1,4}}|{WORDS})[ -](?:volumes?|vols?\b)|(?:全部で|全|既刊|計) ?(\d{{1,4}}|{KANJI}) ?巻|"
    rf"(\d{{1,4}}|{KANJI}) ?巻(?:まで(?:が|は|で|と)?、?(?:出|刊行|発売|ござ|あり|配信|となって|第)|で完結|(?:が|は)?(?:刊行|発売|出版)されています|あります|ございます|の?構成)"
)
_NOT_A_COUNT_BEFORE: Any = re2.compile(
    r"(?i)(?:\b(?:first|last|next|another|any|buy|order\w*|ship\w*|return\w*|read|own|have|finished|up to|over|more than|less than|fewer than|about|around|"
    r"nearly|almost|roughly|approximately|at least|only|these|those|collect\w*|remaining|other|every|per|your|my|volume \d+,?|to|of the|each|limit\w*|"
    r"no|just|add\w*|us|send|sent|bought|for)|第|最新刊?の?|最新(?:は|の)?|次の?|巻から|あと|残り|以上|約|およそ)\s*$"
)
_NOT_A_COUNT_AFTER: Any = re2.compile(
    r"(?i)^\s*(?:left\b|in stock|available|for\b|at ¥|at a|each|in your|per\b|of your|remaining|a (?:month|year|week)|box|or (?:more|less|fewer)|away|later|"
    r"ahead|behind|on (?:sale|order|hand)|ordered|shipped|が届|を(?:注文|購入|返品|お届け|まとめ)|セットで|分)"
)
_ABOUT_THE_SERIES: Any = re2.compile(
    r"(?i)\b(?:it|it's|the (?:series|manga|story)|completed? (?:in|at|with)|runs? (?:for|to)|spans|in total|so far|altogether)\b|全|既刊|完結|刊行|出ています"
)
_SEVERAL = frozenset("数何幾第")
_NOT_OF_THE_SERIES: Any = re2.compile(r"(?i)\b(?:orders?|returns?|deliver\w*|cart|parcel|shipment)\b|ご注文|返品|お届け|カート")


# Few volumes in words are mostly some of them ("two volumes fit the budget"): words count where they are plainly those of the series.
_COUNT_BEFORE: Any = re2.compile(
    r"(?i)\b(?:has|have|spans|spanning|comprises|consists of|there (?:are|were)|(?:complet\w*|finish\w*|end\w*|conclud\w*|collected) (?:in|at|with|after|into)|series of|"
    r"(?:run|runs|ran|running|extends|comes) (?:on )?(?:to|for|over)) (?:a total of |all of |exactly |currently |so far )?$"
)
_RUNS_TO: Any = re2.compile(r"(?i)\b(?:run|runs|ran|running|extends) (?:on )?(?:to|for|over) (?:a total of |exactly )?$")


def volume_counts(scan: Scan) -> Iterator[Said]:
    """Yield how many volumes a title is said to have."""
    for match in _VOLUMES.finditer(scan.text):
        start, end = match.span()
        group = next(index for index in (1, 2, 3) if match.group(index))
        if _inside_a_number(scan.text, match.start(group), match.end(group)):
            continue
        sentence, written = scan.sentence_text(start), match.group(group)
        before = scan.before(match.start(group) if group == 3 else start)
        if _NOT_OF_THE_SERIES.search(sentence) or _NOT_A_COUNT_AFTER.search(scan.after(end)) or before[-1:] in _SEVERAL:
            continue
        if written[0].isascii() and written[0].isalpha():
            if not _COUNT_BEFORE.search(before):
                continue
        elif _NOT_A_COUNT_BEFORE.search(before) and not _RUNS_TO.search(before):
            continue
        yield Said(number_of(written), start, end, _ABOUT_THE_SERIES.search(sentence) is not None)


_NO_STOCK: Any = re2.compile(
    r"(?i)\b(?:out of stock|sold out|not (?:currently |presently |now )?in stock|isn't (?:currently )?in stock|no longer in stock|no stock\b)|"
    r"在庫(?:が|は|も|を|:)?(?:ただいま|現在|只今|あいにく|残念ながら)?、?(?:切れ|切らし|なし|無し|ありません|ございません|ない|が?ゼロ)|品切れ|売り切れ|完売|欠品"
)
_IN_STOCK: Any = re2.compile(
    r"(?i)\bin stock\b|在庫(?:が|は|も|:)?(?:ただいま|現在|只今|まだ|十分に?|豊富に?|たくさん|確かに)?、?(?:あり(?:ます|です|\b|、|。|$|\(|「|」|でご)|ござい(?:ます)|有り)"
)
_COPIES: Any = re2.compile(
    r"(?i)\b(\d{1,6}) (?:copies|copy|left|in stock|units?)\b|(?:残り|在庫数?(?:は|が|:)?|あと)(?:現在)? ?(\d{1,6}) ?(?:冊|点|部|個)"
)
_STOCK_IN_DOUBT: Any = re2.compile(
    r"(?i)\b(?:when|if|once|whether|until|unless|back|again|will|soon|notify|notice|notification|check|be|as soon|not|no|was|were|had|let you know|may|might|"
    r"other|others|similar|alternatives?|order\w*|bought|you)\b|n't\b|場合|次第|たら|なら|再入荷|予定|かどうか|確認|お調べ|ほか|他に|別の|ご注文"
)
_SOLD_OUT_IN_DOUBT: Any = re2.compile(
    r"(?i)\b(?:when|if|once|whether|unless|was|were|had|not|never|other|others|may|might)\b|n't\b|場合|際|次第|たら|なら|かどうか|他の|別の|でした"
)
_NOT_SOLD_OUT_AFTER: Any = re2.compile(r"^(?:で|に)?は(?:あり|ござい)ません|^の(?:場合|際|商品|作品|とき|時)|^になり")


def stock_levels(scan: Scan) -> Iterator[Said]:
    """Yield whether a title is said to be in stock, and with how many copies."""
    gone = []
    for match in _NO_STOCK.finditer(scan.text):
        start, end = match.span()
        gone.append((start, end))
        if not _SOLD_OUT_IN_DOUBT.search(scan.before(start)) and not _NOT_SOLD_OUT_AFTER.search(scan.after(end)):
            yield Said(value=False, start=start, end=end, loose=_of_one_title(scan, start))
    for match in _IN_STOCK.finditer(scan.text):
        start, end = match.span()
        if any(first <= start < last for first, last in gone) or _STOCK_IN_DOUBT.search(scan.before(start)):
            continue
        if not _STOCK_IN_DOUBT.search(scan.after(end, 16)):
            yield Said(value=True, start=start, end=end, loose=_of_one_title(scan, start))
    for match in _COPIES.finditer(scan.text):
        start, end = match.span()
        if _inside_a_number(scan.text, *match.span(1 if match.group(1) else 2)) or _STOCK_IN_DOUBT.search(scan.before(start)):
            continue
        yield Said(int(match.group(1) or match.group(2)), start, end, _of_one_title(scan, start))


_ABOUT_ONE_TITLE: Any = re2.compile(
    r"(?i)^\W*(?:(?:yes|no|and|so|but|also|good news|sorry|unfortunately|currently|right now)\W+)*(?:it|it's|this|that one)\b|[ぁ-ゖ]"
)
_ABOUT_ANY_TITLE: Any = re2.compile(
    r"(?i)\b(?:a|any|every|all|most|some) (?:title|volume|item|book)|\b(?:titles|items|books)\b|商品|作品は|品は"
)
_SHORT_SENTENCE = 24


def _of_one_title(scan: Scan, at: int) -> bool:
    sentence = scan.sentence_text(at).strip()
    return not _ABOUT_ANY_TITLE.search(sentence) and (len(sentence) <= _SHORT_SENTENCE or _ABOUT_ONE_TITLE.search(sentence) is not None)


_AGE: Any = re2.compile(
    r"(?i)\b(?:rated|age rating(?: of| is|:)?|rating(?: of| is|:)) ?(?:for )?(?:ages? |readers )?(\d{1,2})\b\+?|\b(\d{1,2})\+|"
    r"\bages? (\d{1,2}) (?:and|or) (?:up|over|older|above)\b|(?:対象年齢(?:は|:|が)?|年齢区分(?:は|:)?)? ?(\d{1,2}) ?歳以上|"
    r"\b(?:rated|suitable|recommended|fine|good) (?:for )?(all ages)\b|(全年齢)"
)
_AGE_STATED: Any = re2.compile(r"(?i)^(?:rated|age rating|rating)|^対象年齢|^年齢区分|^全年齢")
_NOT_A_RATING_AFTER: Any = re2.compile(
    r"(?i)^\s*(?:titles?|contents?|books?|manga\b|series|works?|only|volumes?|copies|points?|chapters?|pages?|years|percent|%|の作品|作品|のタイトル|の商品|"
    r"の(?:方|お客様)(?:の|に|が購入|のみ|だけ|で|は)|で(?:ない|なけれ|ある)|か\b|であること|未満|指定の?(?:作品|商品))"
)
_NOT_A_RATING_BEFORE: Any = re2.compile(
    r"(?i)\b(?:must|need|you are|you're|if|titles|books|items|works|under|below|over|than|policy|not|no|nothing|any|anything|who|customers?|readers? (?:must|under)|proof|"
    r"verify|other|others)\b|n't\b|場合|お客様|確認|未満|作品は|商品は|ご購入"
)
_IN_A_LIST_OF_FACTS: Any = re2.compile(r"全\d+巻、|1冊[\d,]+円")
_RATINGS = frozenset({0, 3, 6, 7, 9, 10, 12, 13, 14, 15, 16, 17, 18, 20})


def age_ratings(scan: Scan) -> Iterator[Said]:
    """Yield the minimum ages that titles are said to be rated for, years; all ages is 0."""
    for match in _AGE.finditer(scan.text):
        start, end = match.span()
        number = next((match.group(index) for index in (1, 2, 3, 4) if match.group(index)), None)
        age = 0 if number is None else int(number)
        if age not in _RATINGS or _NOT_A_RATING_AFTER.search(scan.after(end)) or _NOT_A_RATING_BEFORE.search(scan.before(start)):
            continue
        loose = _AGE_STATED.search(match.group()) or _IN_A_LIST_OF_FACTS.search(scan.sentence_text(start))
        yield Said(age, start, end, loose is not None)


def _inside_a_number(text: str, start: int, end: int) -> bool:
    before, after = text[max(0, start - 2) : start], text[end : end + 2]
    if before and (before[-1].isdigit() or (before[-1] in ".,/-" and len(before) == 2 and before[0].isdigit())):
        return True
    return bool(after) and (after[0].isdigit() or (after[0] in ".,/" and len(after) == 2 and after[1].isdigit()))
