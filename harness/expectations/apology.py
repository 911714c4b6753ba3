"""Whether a reply is an apology for being unable: the bot in trouble, or refusing and giving nothing, with status 200.

Three kinds of phrases are told apart. Words of *breakdown* ("our servers are overloaded", エラーが発生) always count,
*put-offs* ("please come back later", あとでお試し) unless they wait for a volume to be in stock, and *refusals*
("I cannot provide that information", お答えできません) unless they state a reason that lies in the matter (a policy, a
deadline, an order that was shipped, a spoiler) or the reply asks for what it needs to go on.

Sympathy is none ("I'm sorry to hear that", ご不便をおかけして申し訳ございません), nor is an honest "we do not carry that title",
a sold-out volume, or somebody else's failure that the reply speaks of ("something went wrong with your delivery").
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any, get_args

import re2

from harness.expectations.outcome import Checked, met, quoted_around, unmet
from harness.expectations.reading import Reading
from harness.expectations.requests import asked_for
from harness.scenarios.model import Slot

_NOW = r"(?:(?:currently|presently|still|now|temporarily|all|just|experiencing|simply|completely|a (?:bit|little)|sorry, but i'm) )*"
_BREAKDOWN = (
    rf"(?i)\b(?:i am|i'm|we are|we're) {_NOW}(?:having|facing|encountering|experiencing|seeing|receiving)? ?(?:some |a few |a |an |very |unusually )*"
    r"(?:trouble|difficult\w*|technical|problems?|issues?|errors?|outage|unexpected|high (?:load|traffic|demand|volume of)|heavy (?:load|traffic))|"
    r"\bsomething (?:went|has gone|seems to have gone) wrong\b|\btechnical (?:difficult\w*|issues?|problems?|errors?|fault)\b|"
    r"\b(?:an?|some) (?:(?:unexpected|internal|unknown|system|server|network) )*error (?:has )?(?:occurred|happened|came up)|"
    r"\b(?:internal|unexpected|system|server|network|connection) (?:server )?error\b|\b(?:HTTP|error)(?: code)? 5\d\d\b|\bbad gateway\b|\bgateway time-?out\b|"
    r"\bservice unavailable\b|\btoo many requests\b|\brate limit|\b(?:failed|failure) to (?:fetch|load|process|generate|retrieve|connect|respond|answer|complete)\b|"
    rf"\b(?:servers?|services?|systems?|assistant|bot|chat ?bot|chat|website|site|feature|function|database|shop)(?: is| are) {_NOW}"
    r"(?:unavailable|down(?: for| right now| at the moment| today| until|[.,!]|$)|offline|out of (?:order|service)|overloaded|overwhelmed|at (?:full )?capacity|under (?:heavy |high )?(?:maintenance|load)|"
    r"undergoing (?:scheduled |planned )?maintenance|not (?:(?:available|working|responding|reachable)(?: right now| at the moment| at this time|[.,!]|$))|being (?:maintained|upgraded|repaired)|"
    r"too busy|busy (?:right now|at the moment)|not in service)|"
    rf"\b(?:we|i)(?: are|'re|'m| am) {_NOW}(?:overloaded|overwhelmed|at (?:full )?capacity|offline|out of service|too busy)\b|"
    r"\b(?:under|down for|for|scheduled|undergoing) maintenance\b|\b(?:request|response|query|connection) (?:has )?(?:timed out|failed)|"
    r"\b(?:request|question|query|message) (?:could not|cannot|can't|couldn't) be (?:processed|completed|handled|answered|fulfilled)|"
    r"\b(?:servers?|systems?|services?|bot|assistant) (?:is|are) (?:currently )?(?:having|experiencing|seeing) (?:some )?(?:problems|issues|trouble|delays)|"
    r"\b(?:servers?|services?|systems?|assistant|bot|chat|website) (?:isn't|aren't) (?:available|working|responding|reachable)|\bservers? (?:is|are) busy\b|"
    r"\b(?:services?|assistant|system) (?:temporarily|currently) unavailable\b|\b(?:an? )?exception (?:was|has been|occurred)|\bno (?:response|answer|reply) could be\b|"
    r"\bthere (?:was|is|has been|seems to be|seems to have been) (?:an error|a problem|an issue)(?: (?:processing|handling|answering|reaching|while|on (?:our|my)|"
    r"with (?:your (?:request|message|question)|our|my|the (?:system|server|service)))|[.!]|$)|\ban? (?:problem|issue) (?:has )?occurred\b|\b(?:am|is|are) taking a break\b|"
    r"\bas an? (?:AI|(?:large )?language model|chatbot|bot)\b[^.\n]{0,60}\b(?:cannot|can't|unable|not able|don't)\b|"
    r"エラーが(?:発生|起き|出)|(?:システム|サーバー?|技術的な?|内部|ネットワーク|回線|サービス|チャット)(?:の|に|で|上の)?(?:障害|エラー|問題|不具合|トラブル)|"
    r"(?:障害|不具合|トラブル)(?:が発生|により|のため)|通信(?:エラー|に失敗)|(?:メンテナンス|点検|保守)(?:中|作業|のため|を行って|を実施)|"
    r"(?:サービス|システム|サーバー?|チャット|ボット|機能)(?:は|が|を)?(?:ただいま|現在|一時的に|、)*(?:停止|休止|ダウン|落ちて)|"
    r"(?:ただいま|現在|只今|アクセス(?:が|の)?|回線が|サーバー?が|窓口が)[^。\n]{0,12}(?:混み合って|混雑|集中し)|高負荷|タイムアウト|"
    r"うまく(?:処理|回答|応答|お答え|接続|取得|動作)[^。\n]{0,6}(?:でき(?:ません|ない)|ませんでした)|(?:処理|回答|応答|接続|取得|読み込み)に失敗|"
    r"(?:サーバー?|システム)[^。\n]{0,6}応答(?:して|が)[^。\n]{0,4}(?:ません|ない)|(?:予期(?:しない|せぬ)|想定外の)(?:問題|エラー|事態|事象)|処理中に(?:問題|エラー)|"
    r"一時的に(?:ご?利用|アクセス|接続)[^。\n]{0,4}(?:でき|いただけ)(?:ません|な)|"
    r"(?:処理|応答|接続|通信|取得|読み込み|読み込むこと)(?:する)?(?:こと)?(?:が|は)?(?:でき(?:ません|ない|かね)|いたしかね)"
)
_PUT_OFF = (
    r"(?i)\b(?:please |kindly )?(?:try|ask|retry|message us|contact us)(?: me| us)? (?:again|your (?:request|question)(?: again)?|that again|once more) "
    r"(?:later|shortly|in a (?:moment|minute|while|bit|few)|in (?:a few|some|\d+) (?:moments|minutes|hours)|after (?:a|some|\d)|soon|another time|tomorrow)|"
    r"\b(?:try|retry|ask|contact us|message us)(?: me| us)? (?:later|shortly|in a (?:moment|minute|while)|soon|another time|tomorrow)(?:[.,!;]|$)|"
    r"\b(?:please|kindly|and) retry\b|\bcome back (?:again )?(?:later|shortly|soon|another time|tomorrow|in a (?:moment|minute|while|bit|few))|"
    r"(?:しばらく|少し|時間を)(?:時間を)?(?:経って|たって|して|おいて|置いて|お待ち(?:いただい|になっ)て|経ってから)(?:から)?、?(?:もう一度|再度|改めて|お試し|アクセス)|"
    r"(?:後ほど|のちほど|後で|あとで|明日|また今度|時間を(?:おい|置い)て)[^。\n]{0,12}(?:お試し|やり直し|アクセス|お越し|ご利用ください|お尋ね|お問い合わせください|質問して)|"
    r"(?:^|[。、\n] ?)(?:もう一度|再度)お試しください"
)
_NOT_A_PUT_OFF_BEFORE: Any = re2.compile(r"(?i)(?:\b(?:will|to|can|may|could|would)|'ll) $")
_VERBS = (
    r"(?:help|assist|answer|respond|reply|process|complete|handle|fulfil|fulfill|access|retrieve|load|reach|connect|look (?:that|this|it) up|do (?:that|this|it|so)|"
    r"(?:provide|give|share|tell|offer)(?: you)?(?: with)? (?:that|this|it|an answer|any (?:information|help|answer)|the information|information)|"
    r"carry (?:that|this) out|perform (?:that|this)|serve|support (?:that|this)|generate|comply|continue|proceed|discuss (?:that|this))\b"
)
_REFUSAL = (
    r"(?i)\b(?:i am|i'm|we are|we're) (?:afraid (?:i am|i'm|we are|we're) )?(?:currently |presently |still |sorry, but i'm )?(?:unable|not able) to\b|"
    rf"\b(?:i|we)(?: simply| really)? (?:can't|cannot|can not|could not|couldn't|won't be able to|was unable to|were unable to|was not able to|am not allowed to|"
    rf"am not in a position to|have no way to)(?: currently| presently| really)? {_VERBS}|"
    r"\b(?:i|we) (?:do not|don't) (?:currently )?know (?:how to|what to (?:say|answer)|the answer|anything about that)|\b(?:i|we) (?:do not|don't) know ?(?:\.|!|$)|"
    r"\b(?:i|we) (?:do not|don't) have (?:an?|the|any) (?:answer|reply|response)|\b(?:i|we) have no (?:answer|idea)\b|\bno answer is available\b|"
    r"\b(?:i|we) (?:can't|cannot|can not) (?:be of (?:any )?(?:assistance|help)|do anything about (?:that|this|it)|show you (?:that|this))|"
    r"\b(?:i am|i'm|we are|we're) not sure how (?:to (?:help|answer|respond|assist)|i can help)|\bbeyond what (?:i|we) can\b|\b(?:i|we) have no information (?:to give|for you)\b|"
    r"\b(?:that|this|it)(?: is|'s) (?:not possible|impossible) (?:right now|at the moment|at this time|currently|at present)|"
    r"\b(?:that|this|it) (?:cannot|can't) be (?:done|answered|processed) (?:right now|at the moment|at this time|currently)|"
    r"(?:お答え|回答|ご返答|返答|お返事|お手伝い|お力添え|お役に立つこと|お助け)(?:を)?(?:する)?(?:こと)?(?:が|は|も)?(?:でき(?:ません|ない|かね)|いたしかね|しかね|致しかね|差し控え)|"
    r"お力に(?:なれ(?:ません|ず)|なることができ)|お役に立て(?:ません|ず)|"
    r"(?:ただいま|現在|只今|今は|いま|(?:その|この|そちらの|ご(?:要望|質問|依頼|希望|指定)の?)(?:よう|情報|件|内容|操作|質問|リクエスト)?|リクエスト|ご(?:要望|質問|依頼|希望)|サービス|システム|チャット|機能)"
    r"[^。\n]{0,24}(?:対応|ご?対応|ご案内|お調べ|確認|表示|取得|提供|ご?利用|サポート|手続き|お伝え|お応え|理解|実行)(?:する)?(?:こと)?(?:が|は|も|に)?"
    r"(?:でき(?:ません|ない|かね)|いたしかね|しかね|致しかね|いただけ(?:ません|ない)|になれません)|"
    r"(?:^|[。、\n] ?)(?:すみません|ごめんなさい|申し訳(?:ありません|ございません)が?|あいにくですが|恐れ入りますが)?、?(?:私(?:に)?は|当方では)?、?(?:よく|ちょっと)?(?:わか|分か)り(?:ません|かねます)|"
    r"(?:^|[。\n] ?|(?:申し訳(?:ありません|ございません)|すみません|ごめんなさい)が?、?(?:ただいま|現在)?、?)(?:ご?対応|ご?案内|ご?利用|ご?提供|ご?確認|お調べ|知り)(?:する)?(?:こと)?(?:が|は)?"
    r"(?:でき(?:ません|かね)|いたしかね|しかね|致しかね|いただけません|ません)|お答えが(?:見つかりません|難しい|ありません|ございません)|"
    r"(?:方法|答え|回答|対応)(?:が|は)(?:わか|分か)り(?:ません|かね)"
)
# What follows, or surrounds, a phrase that then speaks of something else than the bot's own failure.
_HONEST_ABSENCE: Any = re2.compile(
    r"(?i)^\s*(?:find|locate|see|spot|identify|confirm|match|recommend|sell|offer|stock|ship to|promise|say (?:when|whether|if)|tell you (?:when|whether|if)|accept)\b"
)
_POLICY_ON_THINGS: Any = re2.compile(
    r"(?i)^\s*(?:cancel|refund|return|exchange|deliver|ship|change|amend|hold|reserve|discount|combine|extend|replace|reship|gift.wrap|take back)\s+"
    r"(?:opened|used|shipped|dispatched|delivered|unopened|damaged|single|digital|orders?|returns?|items?|books?|volumes?|box|sets?|e-?books?|gift|prices?|coupons?|parcels?|to)\b"
)
_SOMEBODY_ELSES: Any = re2.compile(
    r"(?i)^\s*(?:with|in|during|on|at|for)(?: the| your| this| that)* (?:orders?|deliver\w*|parcel|package|shipment|shipping|print\w*|volumes?|books?|payment|post|courier)\b"
)
_REASON: Any = re2.compile(
    r"(?i)\b(?:without|until (?:you|it|the|we have|your)|unless|after (?:\d|the|it|your|dispatch|delivery|shipping|opening|a (?:return|volume|book))|\w+ days?|before (?:it|the|your)|"
    r"once (?:it|an?|the|your)|because (?:it|the|your|you|that|this|of (?:the|your|its|our) (?:age|rating|policy|rules))|"
    r"as (?:it|the|your|our|that|this)|since (?:it|the|your|you)|(?:polic(?:y|ies)|terms|rules|law|legal\w*|privacy|security|confidential|personal)|spoil\w*|"
    r"(?:other|another|someone else's|somebody else's) (?:customers?'?s?|people|person|account|order)|(?:18\+?|minors?|under (?:18|16|13)|age)|"
    r"(?:already )?(?:shipped|dispatched|opened|delivered|sold out|out of stock|in stock|out of print)|only (?:ship|deliver|sell|accept|take)|your order number|"
    r"not (?:been )?announced)\b"
)
_REASON_JA: Any = re2.compile(
    r"(?:在庫|品切|売り切|販売|取り扱い|予約|商品に|配送|発送|出荷|ネタバレ|ネタばれ|結末|個人情報|プライバシー|他のお客様|ほかのお客様|ご本人|規約|規定|ポリシー|方針|法律|"
    r"\d+(?:歳|日|時間|%)|未満|対象年齢|年齢|開封|未定|未発表|発表され|発売|番号が|番号を|番号の|なしでは|ないと|なければ|ませんと|以降は|後は|過ぎ|以外|海外|対象外|"
    r"振込|決済|支払|クーポン|ポイント|カード|ラッピング|セール|注文後|期限|期間)"
)
_MATTER_OF_STOCK: Any = re2.compile(r"(?i)\b(?:stock|restock\w*|sold out|releas\w+|announce\w*)\b|在庫|入荷|品切|売り切|発売|発表")
_DELIVERIES: Any = re2.compile(
    r"(?i)\b(?:deliver\w*|courier|shipping|wrapping|postal)\b|配送|配達|宅配|お届け|運送|商品の|物流|倉庫|出荷|印刷|製本|天候|交通"
)
_NOT_UNDERSTOOD = (
    r"(?i)\b(?:i|we) (?:could not|couldn't|cannot|can't|did not|didn't|do not|don't) understand (?:that|this|you|your (?:request|question|message))\b|"
    r"(?:理解|ご質問が(?:わか|分か)り)(?:でき)?ません"
)
_ANY_PHRASE: Any = re2.compile("|".join(f"(?:{one})" for one in (_BREAKDOWN, _PUT_OFF, _REFUSAL, _NOT_UNDERSTOOD)))
"""All of them in one pattern: hardly any reply holds one, and to look once is a quarter of the work."""
_compiled: Any = functools.cache(re2.compile)
"""Each of them, compiled for the first reply that holds any: it takes milliseconds, and most runs never see one."""
_CLARIFIES: Any = re2.compile(
    r"(?i)\?|\b(?:rephras\w+|other words|more (?:detail|precis|about)|tell me|let me know)|言い換え|別の(?:言葉|言い方)|詳しく|教えて|お知らせ|お聞かせ"
)
_SLOTS: tuple[Slot, ...] = get_args(Slot)
_NO_APOLOGY = met("no phrase of inability or failure")


def check_not_apology(reading: Reading) -> Checked:
    """Check that the reply is no apology for inability or failure."""
    if _ANY_PHRASE.search(reading.text) is not None:
        for start, end in _phrases(reading):
            return unmet(f"the reply is an apology for a failure: {quoted_around(reading.text, start, end)}")
    return _NO_APOLOGY


def _phrases(reading: Reading) -> Iterator[tuple[int, int]]:
    """Yield the places of phrases that count, the plainest kind first."""
    text = reading.text
    for match in _compiled(_BREAKDOWN).finditer(text):
        start, end = match.span()
        if not _SOMEBODY_ELSES.search(text[end : end + 48]) and not _DELIVERIES.search(text[max(0, start - 12) : end]):
            yield start, end
    for match in _compiled(_PUT_OFF).finditer(text):
        before = text[max(0, match.start() - 80) : match.start()]
        if not _MATTER_OF_STOCK.search(before) and not _NOT_A_PUT_OFF_BEFORE.search(before):
            yield match.span()
    if not _CLARIFIES.search(text):
        yield from (match.span() for match in _compiled(_NOT_UNDERSTOOD).finditer(text))
    refusals = [match.span() for match in _compiled(_REFUSAL).finditer(text) if not _reasoned(reading, *match.span())]
    if refusals and not any(asked_for(slot, reading) for slot in _SLOTS):
        yield from refusals


def _reasoned(reading: Reading, start: int, end: int) -> bool:
    """Return whether a refusal is the honest answer: it says what is not there, or states a reason that lies in the matter."""
    text = reading.text
    first, last = next(((first, last) for first, last in reading.sentences if first <= start < last), (start, end))
    last = max(last, end)
    following = text[end : end + 64]
    if text[start:end].endswith(" to") and (_HONEST_ABSENCE.search(following) or _POLICY_ON_THINGS.search(following)):
        return True
    return _REASON.search(text[first:last]) is not None or _REASON_JA.search(text[first:last]) is not None
