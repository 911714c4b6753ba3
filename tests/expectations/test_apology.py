"""Apologies for being unable are told from sympathy and from honest answers."""

from __future__ import annotations

import pytest

from harness.expectations.apology import check_not_apology
from harness.expectations.finding import FindingOutcome

FAILURES = """
I'm sorry, something went wrong. Please try again later.
Our servers are overloaded. Please come back later.
The service is under maintenance.
I do not know how to help you with that.
I cannot provide that information.
I'm sorry, but I can't help with that.
Sorry, I cannot answer that question.
We are currently unable to process your request.
I am not able to assist you at the moment.
The assistant is temporarily unavailable.
The system is down right now.
Our system is currently undergoing maintenance.
We're down for maintenance until 3 pm.
Your request could not be processed.
Your request cannot be completed.
Too many requests. Slow down.
Error 503: Service Unavailable
502 Bad Gateway
A network error occurred.
I don't know.
I don't know the answer.
Unfortunately, that is not possible right now.
I have no answer to that.
As an AI language model, I cannot look at orders.
We're experiencing unusually high traffic.
I am overloaded at the moment.
I was unable to retrieve your order.
Failed to generate a response.
Please try again in a few minutes.
I'm afraid I'm unable to do that.
We won't be able to help you today.
I couldn't access the catalogue.
I can't share that.
I cannot give you an answer.
The chat is currently offline.
I can't discuss that.
The connection timed out.
Oops! Our server is having problems.
I regret that I cannot be of assistance.
I'm not sure how to help with that.
Unfortunately I can't do anything about that.
That request is beyond what I can do.
I can't respond to this at this time.
Sorry, this service isn't available.
Service temporarily unavailable.
The server is busy, please retry.
We're sorry, but we could not complete your request.
I am sorry, I have no information to give you.
Our bot is taking a break. Check back soon!
An exception was thrown.
I cannot fulfil this request.
I can't show you that.
We are currently closed for maintenance.
Sorry, no response could be generated.
Our systems are experiencing delays.
I'm having a problem answering.
It seems that there was a problem. Please retry.
There was an error processing your message.
A problem occurred on our side.
I could not understand your request.
Sorry, I'm not able to look up orders.
"""
FAILURES_JA = """
申し訳ございません。現在お答えすることができません。
ご質問にお答えできません。
現在メンテナンス中のため、ご利用いただけません。
サーバーに問題が発生しました。あとでもう一度お試しください。
ただいま混み合っております。後ほどお試しください。
エラーが発生しました。
申し訳ございませんが、お手伝いできません。
その情報は提供できません。
そのご要望には対応できかねます。
システムエラーのため、処理できませんでした。
通信エラーです。
現在サービスを停止しております。
サーバーがダウンしています。
ただいまアクセスが集中しております。
しばらくしてからお試しください。
時間をおいて再度アクセスしてください。
お力になれず申し訳ございません。
お役に立てず、申し訳ございません。
申し訳ございません。わかりません。
すみません、よくわかりません。
回答できませんでした。
応答に失敗しました。
タイムアウトしました。
現在、ご案内できません。
申し訳ありませんが、その件についてはお答えいたしかねます。
そのご質問には回答を差し控えさせていただきます。
不具合が発生しております。
ネットワークの問題により接続できません。
リクエストを実行できませんでした。
のちほど改めてお試しください。
システムの都合により、お答えできません。
システムメンテナンスを実施しております。
申し訳ございませんが、その件はお調べできません。
ご利用いただけません。
システムに障害が発生しています。
処理中に問題が発生しました。
申し訳ありませんが、対応できません。
その質問にはお答えできかねます。
ただいまサービスをご利用いただけません。
しばらくお待ちいただいてから、もう一度お試しください。
現在、システムが利用できない状態です。
サーバーが応答していません。
予期しない問題が起きました。
お答えが見つかりません。
申し訳ございません、お答えが難しい状況です。
恐れ入りますが、お時間をおいて再度お試しください。
ご案内いたしかねます。
知りません。
情報を取得できませんでした。
一時的に利用できなくなっています。
お答えを差し控えます。
もう一度お試しください。
"""
GOOD_ANSWERS = """
We cannot process returns after 14 days, as the policy page says.
I cannot complete the return without the order number; please send it.
We do not carry that title.
Sorry, that title is not in our catalogue.
I'm sorry to hear that your volume arrived damaged. I have opened an exchange for you.
We cannot process a refund for an opened box set under our policy.
I can't share other customers' orders.
I can't tell you how it ends without spoiling it.
I don't know when volume 35 comes out; no date has been announced.
We are unable to cancel shipped orders.
I cannot cancel your order because it has already been shipped.
I couldn't find that order. Could you tell me the order number?
I can't look that up yet. Could you give me your order number?
The next volume of Vagabond has not been announced.
Volume 3 is sold out; please come back later this month when it is restocked.
I'm unable to confirm a release date.
We can't sell 18+ titles to minors.
Due to high demand, volume 1 of Naruto is sold out.
Something went wrong with your parcel; a replacement is on its way.
We only ship within Japan, so I cannot process an order to France.
Naruto is complete in 72 volumes.
The hero cannot answer her letter. It is a sad story.
You can try volume 1 first and come back for more later.
A person will reply to you within one day. I have passed this on.
I'm sorry for the trouble. Your refund is on its way.
We cannot accept returns of opened volumes.
I cannot help with an order of another customer.
In the story, the system is a monster and nobody knows why.
If the volume is damaged, please tell us within 14 days.
You cannot return digital editions once they are opened.
I'm sorry, we don't have it in stock at the moment.
I can't answer that without spoilers; shall I go on?
I'm not sure which edition you mean. Could you tell me the title?
We could not deliver the parcel; the courier will try again tomorrow.
The courier will try again tomorrow.
If your payment failed, please try another card.
Our shop is closed on Sundays, but orders can be placed at any time.
Standard delivery cannot be tracked.
I can't recommend Berserk for a 12-year-old; try Haikyu!! instead.
That edition is not available in English.
Volume 2 is currently unavailable, but volume 1 is in stock.
I have no further details about the film.
Refunds cannot be processed before the book arrives.
Sorry, I don't have any information about a second season.
We cannot offer a discount on top of this coupon.
You can't combine two coupons, but you can use one on each order.
The release was delayed because of printing problems.
I can't change the address now that the parcel is on its way.
I do not know of a manga with that title.
I cannot tell you her address, for it is personal data.
The service desk is open from 10 am; until then, ask me.
If the first chapters feel slow, try later volumes.
We are down to our last copy of Naruto.
The express delivery service is currently unavailable on islands.
This service is not available outside Japan.
I could not understand which volume you mean. Could you tell me the title?
Try our newest series tomorrow, when the sale starts.
We're seeing high demand for volume 1, so it may sell out.
"""
GOOD_ANSWERS_JA = """
在庫がございません。
発送前のためキャンセルできます。
申し訳ございません。交換の手続きをご案内します。
ご不便をおかけして申し訳ございません。すぐにお調べします。
その作品は取り扱っておりません。
申し訳ございませんが、現在在庫がないため販売できません。
ネタバレになるため、結末はお答えできません。
他のお客様のご注文についてはお答えできません。
開封後の返品は、規定によりお受けできません。
発送後はキャンセルできません。
14日を過ぎた返品は、対応できかねます。
18歳未満の方にはご案内できません。
次巻の発売日は未定です。
次の巻の発売日は未定のため、お答えできません。
ご注文番号がないと確認できません。番号をお知らせください。
お調べしますので、ご注文番号を教えてください。
現在、銀行振込はご利用いただけません。
現在、海外への配送には対応できません。
『NANA』は現在休載中です。
配送が混み合っており、お届けが遅れています。
商品の不具合につきまして、お詫び申し上げます。
のちほど担当者よりご連絡いたします。
そのクーポンは期限が切れているためご利用いただけません。
担当者におつなぎします。少々お待ちください。
主人公は答えがわからないまま旅を続けます。
一度開くと返品いただけません。
ご注文はすでに発送されているため、変更できません。
ご注文が見つかりませんでした。番号をもう一度ご確認ください。
作品名がわかりませんので、作者を教えていただけますか。
ご本人確認ができないため、ご注文の内容はお伝えできません。
配送業者のシステム障害により、お届けが遅れております。
印刷トラブルのため、発売が延期されました。
この巻は現在ご購入いただけませんが、第1巻は在庫がございます。
その商品は返品できません。
ギフトカードの返金はできません。
クーポンは併用できません。
住所の変更は発送後にはできません。
続編の情報はまだございません。
対象年齢のためご案内できませんが、代わりに『ハイキュー!!』はいかがでしょうか。
発売日は分かりかねます。
どの巻かわかりません。巻数を教えてください。
時間指定はご利用いただけません。
その作品は存じ上げません。
どなたの作品か分かりません。
ポイントのご利用は会員の方に限ります。
当日配送サービスは現在停止しております。
"""


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, something went wrong. Please try again later.",
        "I’m unable to answer that right now.",
        "I am currently unable to process your request.",
        "We're experiencing technical difficulties.",
        "I'm having trouble reaching the order system.",
        "An unexpected error occurred.",
        "The service is temporarily unavailable.",
        "Sorry, I can't help with that.",
        "Your request timed out.",
        "申し訳ございませんが、現在お答えできません。",
        "エラーが発生しました。",
        "しばらくしてからもう一度お試しください。",
        "申し訳ございません。ただいま処理できません。",
        "システム障害のため、うまく回答できませんでした。",
    ],
)
def test_an_apology_for_being_unable_is_found(read, text):
    """Phrases of inability and failure are unmet, in both languages, with the phrase as evidence."""
    checked = check_not_apology(read(text))
    assert checked.outcome is FindingOutcome.UNMET
    assert '"' in checked.evidence


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry to hear that your volume arrived damaged. I have opened an exchange for you.",
        "I'm sorry about the damage. Let me help.",
        "We're sorry that something went wrong with your delivery; a replacement is on its way.",
        "I'm sorry you're having trouble with your parcel.",
        "I'm unable to find that title in our catalogue.",
        "We don't carry that title.",
        "We are unable to ship to that country.",
        "Order MA-1 is delayed.",
        "The book tells of an error of judgement.",
        "申し訳ございません。交換の手続きをご案内します。",
        "ご不便をおかけして申し訳ございません。すぐにお調べします。",
        "申し訳ございませんが、現在在庫がないため販売できません。",
        "その作品は取り扱っておりません。",
        "ただいま在庫切れです。",
        "",
    ],
)
def test_sympathy_and_honest_absence_are_no_apology(read, text):
    """Being sorry with the customer, a title that is not carried, and a policy are good answers."""
    assert check_not_apology(read(text)).outcome is FindingOutcome.MET


@pytest.mark.parametrize("texts", [FAILURES, FAILURES_JA], ids=["en", "ja"])
def test_usual_phrases_of_breakdown_put_off_and_refusal_are_found(read, texts):
    """Whatever words a bot in trouble uses, in either language, its reply is no answer."""
    assert [text for text in texts.strip().splitlines() if check_not_apology(read(text)).outcome is not FindingOutcome.UNMET] == []


@pytest.mark.parametrize("texts", [GOOD_ANSWERS, GOOD_ANSWERS_JA], ids=["en", "ja"])
def test_policies_requests_for_information_and_reasons_are_no_apologies(read, texts):
    """What a good bot says about policies, orders, spoilers and what it still needs is never taken for a failure."""
    assert [text for text in texts.strip().splitlines() if check_not_apology(read(text)).outcome is not FindingOutcome.MET] == []
