"""Replies as the shop's assistant writes them, in both languages, to be quoted truly and falsely."""

from __future__ import annotations

from random import Random

_ENGLISH = (
    "“Attack on Titan” is complete in 34 volumes — each one costs ¥583, tax included.",
    "I'm sorry to hear that your copy of Haikyu!! arrived damaged; we will replace it, free of charge.",
    "Unopened books can be returned within 14 days of delivery. Opened box sets cannot be returned.",
    "If you liked the quiet mood of “Mushishi”, try “Natsume's Book of Friends”: gentle, episodic, and 31 volumes long.",
    "Your order MA-10417 was shipped; it should reach you by November 4. May I help you with anything else?",
    "There are 1,250 copies left, so you needn't hurry – but the coupon AUTUMN10 ends on 2026-11-15.",
)
_JAPANESE = (
    "『進撃の巨人』は全34巻で完結しております。1冊583円（税込）でございます。",
    "『ハイキュー!!』のコミックスが破損していたとのこと、誠に申し訳ございません。無料で交換いたします。",
    "未開封の商品に限り、お届けから14日以内であれば返品を承ります。開封済みのセットは対象外です。",
    "「蟲師」の静かな雰囲気がお好きでしたら、『夏目友人帳』をおすすめいたします。一話完結で読みやすい作品です。",
    "ご注文番号MA-10417の商品は発送済みです。11月4日頃のお届け予定となっております。",
    "ただいまセール中〜！クーポンコード「AUTUMN10」のご利用は2026年11月15日までです。",
    "ラーメン好きの主人公が活躍する、カタカナ・ひらがな混じりの読み切りコメディーもございます。",
)


def said(chance: Random) -> str:
    """Return a reply of two to four sentences, in one language or mixed."""
    pool = chance.choice((_ENGLISH, _JAPANESE, (*_ENGLISH, *_JAPANESE)))
    return chance.choice((" ", "\n", "\n\n")).join(chance.sample(pool, chance.randint(2, 4)))
