"""Whether a reply is an apology for being unable: the bot in trouble, answering 200.

Sympathy is none ("I'm sorry to hear that", ご不便をおかけして申し訳ございません), nor is an honest "we do not carry that title",
a sold-out volume, or somebody else's failure that the reply speaks of ("something went wrong with your delivery").
"""

from __future__ import annotations

from typing import Any

import re2

from harness.expectations.outcome import Checked, met, quoted_around, unmet
from harness.expectations.reading import Reading

_FAILURE: Any = re2.compile(
    r"(?i)\b(?:i am|i'm|we are|we're) (?:currently |presently |still |sorry, but i'm )?(?:unable|not able) to\b|"
    r"\b(?:i|we) (?:can't|cannot|can not|could not|couldn't|am unable to|was unable to|were unable to) (?:help|assist|answer|respond|reply|process|complete|handle|fulfil|fulfill)\b|"
    r"\b(?:i|we) (?:can't|cannot|could not|couldn't) (?:access|retrieve|load|reach|connect|look (?:that|this|it) up|do (?:that|this))\b|"
    r"\b(?:i am|i'm|we are|we're) (?:currently |still )?(?:having|experiencing|facing|encountering) (?:some |a few |a |an )?"
    r"(?:trouble|difficult\w*|technical|problems?|issues?|errors?|outage|unexpected|high)|"
    r"\bsomething (?:went|has gone|seems to have gone) wrong\b|\btechnical (?:difficult\w*|issues?|problems?|errors?|fault)\b|"
    r"\b(?:an?|some) (?:unexpected |internal |unknown |system |server )*error (?:has )?(?:occurred|happened|came up)|\b(?:internal|unexpected|system) (?:server )?error\b|"
    r"\b(?:please |kindly )?try (?:again|your request again|that again|once more) (?:later|shortly|in a (?:moment|minute|while|bit|few)|after|soon)|"
    r"\b(?:service|system|assistant|bot|feature|function) (?:is|are) (?:currently |temporarily )*(?:unavailable|down|offline|out of order)\b|"
    r"\b(?:request|response|query) (?:has )?(?:timed out|failed|could not be (?:processed|completed))|"
    r"エラーが(?:発生|起き|出)|(?:システム|技術的な?|内部)の?(?:障害|エラー|問題|不具合)|通信(?:エラー|に失敗)|"
    r"(?:しばらく|少し|時間を)(?:時間を)?(?:経って|たって|して|おいて|置いて|お待ち(?:いただ|になっ)て)(?:から)?、?(?:もう一度|再度|改めて)|"
    r"(?:申し訳|恐れ入り|あいにく)[^。\n]{0,20}(?:ただいま|現在|只今|今は)[^。\n]{0,30}"
    r"(?:お答え|回答|対応|処理|応答|お手伝い|ご案内|お調べ|確認|表示|取得|接続|ご利用)[^。\n]{0,8}(?:でき(?:ません|ない|かね)|いたしかね)|"
    r"うまく(?:処理|回答|応答|お答え|接続|取得)[^。\n]{0,6}(?:でき(?:ません|ない)|ませんでした)|(?:処理|回答|応答|接続|取得)に失敗|"
    r"(?:処理|応答|回答)(?:する)?(?:こと)?(?:が|は)?(?:でき(?:ません|ない)|できませんでした)"
)
# What follows, or surrounds, a phrase that then speaks of something else than the bot's own failure.
_HONEST_ABSENCE: Any = re2.compile(
    r"(?i)^\s*(?:find|locate|see|spot|identify|confirm|match|recommend|sell|offer|stock|ship to|promise|say when|tell you when|accept)\b"
)
_SOMEBODY_ELSES: Any = re2.compile(
    r"(?i)^\s*(?:with|in|during|on|at)(?: the| your| this| that)* (?:orders?|deliver\w*|parcel|package|shipment|shipping|print\w*|volumes?|books?|payment|post|courier)\b"
)
_NOT_OURS: Any = re2.compile(r"在庫|品切|売り切|販売|取り扱い|予約|ご注文の|商品に|配送|ネタバレ")


def check_not_apology(reading: Reading) -> Checked:
    """Check that the reply is no apology for inability or failure."""
    text = reading.text
    for match in _FAILURE.finditer(text):
        start, end = match.span()
        following = text[end : end + 48]
        if _SOMEBODY_ELSES.search(following):
            continue
        if match.group().endswith(" to") and _HONEST_ABSENCE.search(following):
            continue
        if not match.group().isascii() and _NOT_OURS.search(match.group()):
            continue
        return unmet(f"the reply is an apology for a failure: {quoted_around(text, start, end)}")
    return met("no phrase of inability or failure")
