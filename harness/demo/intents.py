"""What a customer wants: cues in English and Japanese, read clause by clause, so that one message may ask for two things.

A cue is a pattern over the normalised message without the titles' names. Clauses without a cue of their own are
completed by the session (what was asked for, what was spoken of last).
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

from harness.demo.mentions import Mentions, Names
from harness.demo.slots import (
    Language,
    age_in,
    budget_in,
    cue,
    demographic_in,
    email_in,
    genres_in,
    language_of,
    normalise,
    order_number_in,
    volume_in,
)

ASKS: dict[str, re.Pattern[str]] = {
    "price": cue(r"\bhow much\b(?! (?:longer|time))|\bprices?\b|\bcosts?\b(?! of shipping)|\bcheap(?:er|est)?\b|\bexpensive\b|値段|価格|いくら|何円|安い|高い"),
    "volumes": cue(r"\bhow many (?:volumes|books|are there|of them)\b|\bhow many\b.*\bvolumes\b|\bnumber of volumes\b|\bvolumes (?:does|do|are|in|long)\b|\bhow long is (?:it|the (?:series|manga))\b|\bwhich (?:one )?is (?:longer|shorter)\b|何巻|巻数|全部で何|何冊"),
    "author": cue(r"\bwho (?:wrote|writes|draws|drew|made|created|is the (?:author|artist|creator|mangaka))\b|\bauthors?\b|\bmangaka\b|\bwritten by\b|\bby whom\b|作者|著者|誰が|誰の|漫画家"),
    "status": cue(r"\bfinished\b|\bcompleted?\b(?! edition)|\bongoing\b|\bstill (?:running|going|being|publish)|\bended\b|\bis it over\b|\bhiatus\b|\bon (?:a )?break\b|\bstatus of (?:the )?(?:series|manga|it)\b|完結|連載|終わっ|終わり|休載|続いて"),
    "stock": cue(r"\bstock\b|\bavailab(?:le|ility)\b|\bsold out\b|\bdo you (?:have|carry|sell|stock)\b|\bhave you got\b|\bcan i (?:buy|get|order)\b|\bcopies\b|在庫|取り扱|買えます|売って|売り切れ|手に入|置いて|購入でき|購入したい|買いたい|扱って"),
    "age_rating": cue(r"\bage[ -](?:rating|rated|limit|restriction)|\brat(?:ed|ing)\b|\b(?:suitable|appropriate|okay|ok|fine|safe|right) for\b|\bwhat ages?\b|\bfor (?:kids|children)\b|\bold enough\b|対象年齢|年齢制限|何歳|歳から|歳でも|歳の(?:子|娘|息子)[^。]*読(?:め|ん)|子供(?:でも|に|が読)|読ませても|読んでも"),
    "release": cue(r"\brelease(?:d|s)?\b|\bnext (?:volume|one|book|instal)|\bnew volume\b|\bcom(?:es?|ing) out\b|\bwhen (?:is|does|will|can)\b.*\b(?:volume|vol|next|out)\b|発売|次の巻|新刊|最新刊|次巻|続刊|続きはいつ|いつ出"),
    "edition": cue(r"\beditions?\b|\bversions?\b|\bformats?\b|版は|版と|版も|版の違い|エディション|どの版"),
    "synopsis": cue(r"\babout\?|\bwhat(?:'s| is| are)?\b[^?.]*\babout\b|\bplot\b|\bsynopsis\b|\bstory(?:line)?\b|\bpremise\b|\btell me (?:more )?about\b|\bdescribe\b|\bsummary\b|あらすじ|どんな(?:話|漫画|マンガ|作品|物語|内容|ストーリー)|どういう(?:話|漫画|作品)|内容|について(?:教|知)|ストーリー"),
    "spoiler": cue(r"\bhow (?:does|did|will)\b.{0,24}\bend\b|\b(?:the |its? )ending\b|\bwho dies\b|\bdoes .{0,24} die\b|\bspoil(?:er|ers|t)?\b|\btwist\b|結末|最終回|ネタバレ|死ぬ|死にます|最後は"),
}  # fmt: skip
_NO_SPOILERS = cue(
    r"(?:\bno\b|\bwithout\b|\bdon'?t\b|\bnot\b|\bavoid\b|\bfree\b)[^.?!]*\bspoil|\bspoiler[- ]free\b|ネタバレ(?:は)?(?:なし|無し|しない|せず|抜き|厳禁|禁止|な[くい]|避け|やめ|嫌|困|を避|はしないで|はやめ)"
)

CUES: dict[str, re.Pattern[str]] = {
    "escalation": cue(r"\b(?:speak|talk|connect|transfer|put)\b[^.?!]*\b(?:human|person|people|someone|somebody|manager|agent|representative|supervisor|staff)\b|\b(?:a |real |actual )(?:human|person)\b|\bhuman agent\b|\bmanager\b|\blawyer\b|\blegal action\b|\bsue\b|\bconsumer protection\b|\bunacceptable\b|\bridiculous\b|\bfurious\b|\bfed up\b|\boutrag|\bterrible service\b|\bworst\b|\buseless\b|\bscam\b|\b(?:second|third|fourth|3rd|4th) time\b|\bfile a complaint\b|担当者(?!は何時|の(?:対応|営業)|が対応する時間)|オペレーター|人間|責任者|店長|上司|弁護士|訴え|法的|消費者センター|いい加減に|ふざけ|最悪|許せ|何度も|何回も|三回目|3回目|二度目|怒って|クレーム|苦情"),
    "return_request": cue(r"\breturn(?:s|ed|ing)?\b|\brefund|\bexchanges?\b|\breplace(?:ment|d)?\b|\bdamaged\b|\btorn\b|\bripped\b|\bbroken\b|\bbent\b|\bstained\b|\bmissing pages?\b|\bmisprint|\bdefect|\bwrong (?:volume|book|item|title|manga|edition)\b|\bsend (?:it|them|this) back\b|\bmoney back\b|返品|返金|交換|破れ|破損|汚れ|折れ|濡れ|傷|落丁|乱丁|不良|間違った|違う(?:巻|本|商品)|別の(?:巻|本)が"),
    "order_tracking": cue(r"\b(?:where|when|track|status|arriv|ship|deliver|late|delay|news|update|check|happen)\w*\b[^.?!]*(?<!pre-)(?<!pre )\b(?:orders?|packages?|parcels?)\b(?! in)|(?<!pre-)(?<!pre )\b(?:my|the|an?) (?:last |other |second )?(?:orders?|packages?|parcels?)\b|\border (?:number|status|no\b|#)|\btracking\b|\bhas(?:n'?t)? (?:it|my \w+) (?:been )?(?:shipped|arrived|delivered)|\b(?:hasn't|not) arrived\b|注文(?:した|番号|状況|の(?:商品|品|本|状況|件|配送))|注文は|注文が|注文を(?:確|調)|届(?:き|か|い|く|け)|荷物|追跡|配送状況|発送(?:され|しま|は|状況|済)|いつ着"),
    "promotion": cue(r"\bcoupons?\b|\bdiscounts?\b|\bdeals?\b(?! with)|\bsales?\b|\bon offer\b|\bspecial offers?\b|\bpromo(?:tion|tions|s)?\b|\bcampaigns?\b|\bvouchers?\b|\bpoints?\b|\bcode\b|\bpercent off\b|% off|クーポン|割引|セール|キャンペーン|ポイント|お得|特典|値引"),
    "faq_policy": cue(r"\bshipping\b|\bpostage\b|\bdeliver(?:y|ies)?\b|\bship (?:to|abroad|over|inter|out)|\bdo you ship\b|\bpre-?orders?\b|\bpay(?:ment|ments|pal|ing)?\b|\bcredit cards?\b|\bcash on delivery\b|\bgift[- ]?wrap|\bwrapping\b|\babroad\b|\boverseas\b|\binternational(?:ly)?\b|\bcancel|\bpolic(?:y|ies)\b|\bage (?:check|verif|limit polic)|\bproof of age\b|\b18\+|\badult (?:titles|manga)\b|\bopening hours\b|\b(?:your|the) staff\b|\bwhat time\b|\bprivacy\b|\bpersonal data\b|\be-?books?\b|\bdigital\b|\bwarranty\b|\binvoice\b|\breceipt\b|\bconvenience store\b|送料|配送(?!状況)|予約|支払|決済|クレジット|代引|コンビニ|海外|ギフト|ラッピング|包装|キャンセル|年齢確認|年齢制限|成人向け|何時|営業時間|対応時間|個人情報|電子書籍|領収書|規約|ポリシー|何日(?:で|くらい|ぐらい)"),
    "recommendation": cue(r"\brecommend|\bsuggest|\bsimilar\b|\bsomething (?:like|else|different|new|lighter|darker|shorter)\b|\blike (?:it|that|this)\b|\bwhat (?:should|could|can|to) (?:i )?read\b|\banother (?:one|idea|title|manga|suggestion)\b|\bother (?:ideas?|options?|titles?|suggestions?|ones?)\b|\banything else (?:like|in|for|that|with|to read)\b|\bwhat else\b|\bmood\b|\bgifts? for\b|\bpresents? for\b|\bpick (?:one|some|me)\b|おすすめ|お勧め|お薦め|オススメ|おススメ|似た|みたいな|ような|他に|ほかに|別の(?:作品|漫画|もの|の)|違う(?:の|作品|漫画)|何を読|読むなら|プレゼント|贈りたい|もっと"),
    "product_discovery": cue(r"\blooking for\b|\bsearching for\b|\bfind (?:me )?(?:a|an|some|any|the|manga)\b|\bshow me\b|\bwhich (?:manga|titles?|series|ones?)\b|\bany (?:good )?(?:manga|series|titles?)\b|\bmanga (?:with|about|for|where|set|under)\b|\bseries (?:with|about|for|where|set|under)\b|\bi(?:'d| would) (?:like|love) (?:a|an|some|to read)\b|\bi want (?:a|an|some|to read)\b|\bgot any\b|\bhave any\b|\bbrowse\b|\bgenres?\b|探して|読みたい|漫画(?:は|って)(?:あり|ない)|マンガ(?:は|って)(?:あり|ない)|作品(?:は|って)(?:あり|ない)|ものは?あり|あるか|ジャンル|どれが"),
    "chitchat": cue(r"^(?:hi|hello|hey|good (?:morning|afternoon|evening))\b|\bthank(?:s| you)\b|\bbye\b|\bgoodbye\b|\bsee you\b|\bhow are you\b|\bwho are you\b|\bare you (?:a )?(?:bot|robot|real|human|ai)\b|\byour name\b|\bnice (?:weather|day)\b|\bhave a (?:nice|good|great)\b|\bjoke\b|\bappreciate\b|\bfavou?rite\b|こんにちは|こんばんは|おはよう|はじめまして|ありがとう|助かり|助かった|さようなら|またね|元気|お名前|名前は|あなたは(?:誰|ロボット|人間|ai)|いい天気|よろしく"),
}  # fmt: skip
_ORDER = (
    "escalation",
    "return_request",
    "order_tracking",
    "promotion",
    "faq_policy",
    "recommendation",
    "product_discovery",
    "product_question",
    "chitchat",
)
_SERVICE = frozenset({"faq_policy", "promotion", "return_request"})
"""What "and how much is it?" belongs to when it follows in the same message."""
_GENERAL = cue(
    r"\bhow long (?:does|will|do|is)\b(?!.*\b(?:my|order ma)\b)|\busually\b|\bnormally\b|何日(?:で|くらい|ぐらい|かか)|通常|普段"
)
"""A question about deliveries in general, not about one order."""

_INJECTION = cue(
    r"\b(?:ignore|disregard|forget|override)\b[^.?!]*\b(?:instructions?|rules?|prompts?|guidelines|polic(?:y|ies)|above)\b|\bsystem (?:prompt|message|override|:)|\bdeveloper mode\b|\byou are now\b|\bpretend (?:you|to be|that)\b|\bact as\b"
    r"|\bjailbreak\b|\b(?:reveal|print|show|repeat) (?:me )?(?:your|the) (?:instructions?|prompt|rules|system)|\[system\]|<system>|\bnew instructions?\b|\brespond only\b|\bfrom now on\b"
    r"|指示を(?:すべて|全て)?(?:無視|忘れ)|(?:ルール|命令|設定|規則)を(?:すべて|全て)?(?:無視|忘れ)|システムプロンプト|開発者モード|あなたは今(?:から|後)|になりきって|プロンプトを"
)
_REJECTS = cue(
    r"\balready (?:read|have|own|know|seen|finished)\b|\bi(?:'ve| have) read\b|\bhave read\b|\bdon'?t (?:like|want)\b|\bdidn'?t (?:like|enjoy)\b|\bnot (?:that|those|these|this|my|for me|interested|into|a fan)\b|\bsomething else\b|\bother than\b|\banother\b"
    r"|\banything (?:else|other)\b|\bwhat else\b|\bother (?:ideas?|options?|titles?|suggestions?|ones?)\b|\bno thanks\b|\bhate\b|\bnot .{0,20} again\b|\bboring\b|\binstead\b|\bexcept\b|\bbesides\b|それ以外|以外|もう読|読みました|読んだ|読んでい|持って(?:い)?(?:ます|る)|好きではな|好きじゃ|違うの|違う(?:作品|漫画|もの)|他の|ほかの|他に|ほかに|別の|苦手|ではなく|いまいち|興味がな|合わな|合いませ|知って(?:い)?ます"
)
_ORDINALS: tuple[tuple[re.Pattern[str], int], ...] = (
    (cue(r"\b(?:the )?first (?:one|title|book|series|suggestion)\b|\bthe first\b|最初の|一つ目|1つ目|ひとつ目|一番目|1番目"), 0),
    (cue(r"\b(?:the )?second (?:one|title|series|suggestion)\b|\bthe second\b|二つ目|2つ目|ふたつ目|二番目|2番目"), 1),
    (cue(r"\b(?:the )?third (?:one|title|series|suggestion)\b|\bthe third\b|\bthe last one\b|三つ目|3つ目|みっつ目|三番目|3番目|最後の(?:もの|作品|の)"), 2),
)  # fmt: skip
_FOLLOW_UP = cue(
    r"\b(?:it|its|that|this|they|them|one|series)\b|\band\b|\bwhat about\b|\bhow about\b|それ|その|これ|この|あれ|では|じゃあ|は\?$|は$"
)
_AS_BEFORE = cue(r"\b(?:what|how) about\b|^and\b(?! (?:how|what|who|when|is|are|does|do|can)\b)|はどう|ならどう|ならいい")
_LENGTH = cue(
    r"\b(?:under|less than|fewer than|at most|up to|no more than|max(?:imum)?)\s+(\d{1,3})\s+(?:volumes|books)|(\d{1,3})\s*巻(?:以内|以下|未満|まで)|\b(short)\b|(短い|短め|短編)"
)
_COMPLETED = cue(r"\b(?:finished|completed?|ended)\b(?! edition)|完結(?:済|し)")
_COMPLAINT = cue(
    r"\bdamaged\b|\btorn\b|\bripped\b|\bbroken\b|\bbent\b|\bstained\b|\bmissing\b|\bwrong\b|\blate\b|\bdelay|\bnever (?:came|arrived)\b|\b(?:hasn't|not|still) (?:yet )?arrived\b|\bstill waiting\b|\bdisappoint|\bupset\b|\bangry\b|\bannoy|\bfrustrat"
    r"|\bunacceptable\b|\bridiculous\b|\bworst\b|破れ|破損|汚れ|折れ|濡れ|傷|落丁|乱丁|間違|違う(?:巻|本|商品)|届かない|届きません|届いていませ|届いてない|遅い|遅れ|残念|困って|がっかり|最悪|いい加減|ふざけ|許せ"
)
_CLAUSE = cue(
    r"[.?!。;\n]+\s*|,?\s+(?:and|but|also|plus)\s+(?=(?:also|can|could|do|does|how|what|when|where|which|who|is|are|will|would|recommend|suggest|please|any|my|i|tell)\b)|(?<=[かすたん])、|それと|それから、?|あと、?"
)


@dataclass(frozen=True, slots=True)
class Request:
    """One thing that is wanted."""

    intent: str
    asks: tuple[str, ...] = ()
    """Attributes of a product question."""
    words: str = ""
    """The clause, normalised, without titles."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One message, understood as far as it goes by itself."""

    text: str
    """The message, normalised."""
    language: Language
    mentions: Mentions
    requests: tuple[Request, ...]
    """At most three, the most pressing first; empty when no cue was found."""
    author: str | None
    """English name of an author who is named without a title."""
    age: int | None
    budget: int | None
    genres: frozenset[str]
    avoided: frozenset[str]
    demographic: str | None
    longest: int | None
    """Most volumes that a series may have."""
    completed_only: bool
    volume: int | None
    order_number: str | None
    email: str | None
    choice: int | None
    """Position meant by "the second one", from 0."""
    rejects: bool
    follow_up: bool
    complaint: bool
    injected: bool
    """The message tries to give the shop instructions."""
    no_spoilers: bool
    as_before: bool
    """"What about …?": the same question as before, about something else."""


@functools.lru_cache(maxsize=2048)
def read(message: str, names: Names, fallback: Language) -> Reading:
    """Read `message` as the customer wrote it; `fallback` is the language where the message itself does not show one."""
    mentions, text = names.find(message), normalise(message)
    author = None if mentions.titles else names.author_in(mentions.rest)
    wanted, unwanted = genres_in(mentions.rest)
    length = _LENGTH.search(mentions.rest)
    return Reading(
        text=text,
        language=language_of(mentions.rest, fallback),
        mentions=mentions,
        requests=_requests(mentions.rest, named=bool(mentions.titles or mentions.ambiguous), author=author is not None),
        author=author,
        age=age_in(mentions.rest),
        budget=budget_in(mentions.rest),
        genres=wanted,
        avoided=unwanted,
        demographic=demographic_in(mentions.rest),
        longest=None if length is None else int(length.group(1) or length.group(2) or 12),
        completed_only=_COMPLETED.search(mentions.rest) is not None,
        volume=volume_in(mentions.rest),
        order_number=order_number_in(text),
        email=email_in(text),
        choice=next((place for pattern, place in _ORDINALS if pattern.search(mentions.rest)), None),
        rejects=_REJECTS.search(mentions.rest) is not None,
        follow_up=_FOLLOW_UP.search(mentions.rest) is not None,
        complaint=_COMPLAINT.search(mentions.rest) is not None,
        injected=_INJECTION.search(text) is not None,
        no_spoilers=_NO_SPOILERS.search(text) is not None,
        as_before=_AS_BEFORE.search(mentions.rest) is not None,
    )


def asks_in(clause: str) -> tuple[str, ...]:
    """Return the attributes of a title that a clause asks for."""
    asks = tuple(name for name, pattern in ASKS.items() if pattern.search(clause))
    if "spoiler" in asks and _NO_SPOILERS.search(clause):
        asks = tuple(name for name in asks if name != "spoiler")
    return asks


def _requests(text: str, *, named: bool, author: bool) -> tuple[Request, ...]:
    found: dict[str, Request] = {}
    for clause in filter(None, (part.strip(" ,、") for part in _CLAUSE.split(text))):
        request = _request(clause, named=named, author=author)
        if (
            request is not None
            and request.intent == "product_question"
            and not named
            and (service := [known for known in found if known in _SERVICE])
        ):
            told = found[service[-1]]
            found[told.intent] = Request(told.intent, told.asks, f"{told.words} {request.words}")
        elif request is not None:
            known = found.get(request.intent)
            found[request.intent] = request if known is None else _joined(known, request)
    if "escalation" in found:
        return (found["escalation"],)
    if len(found) > 1:
        found.pop("chitchat", None)
    if "recommendation" in found:
        found.pop("product_discovery", None)
    return tuple(sorted(found.values(), key=lambda request: _ORDER.index(request.intent))[:3])


def _request(clause: str, *, named: bool, author: bool) -> Request | None:
    """Return what one clause wants; `named`: the message names a title, `author`: it names an author and no title."""
    asks = asks_in(clause)
    for intent in _ORDER:
        if intent == "product_question" and asks:
            return Request("product_discovery" if author and asks in {("stock",), ("synopsis",)} else intent, asks, clause)
        if intent == "product_question" or not CUES[intent].search(clause):
            continue
        if intent == "product_discovery" and named and asks:
            continue
        if intent == "faq_policy" and named and asks == ("age_rating",):
            continue
        if intent == "order_tracking" and _GENERAL.search(clause):
            return Request("faq_policy", asks, clause)
        return Request(intent, asks, clause)
    return Request("product_discovery", (), clause) if author else None


def _joined(first: Request, second: Request) -> Request:
    return Request(first.intent, tuple(dict.fromkeys((*first.asks, *second.asks))), f"{first.words} {second.words}")
