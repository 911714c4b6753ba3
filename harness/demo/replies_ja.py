"""The phrase book of the shop in Japanese, in polite form throughout; each key has a few wordings, and the seed chooses."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from harness.facts import Bilingual, Title

PHRASES: Mapping[str, tuple[str, ...]] = {
    # small talk
    "greet": (
        "こんにちは、MangaAssistへようこそお越しくださいました。",
        "いらっしゃいませ。MangaAssistです。",
        "こんにちは。ご来店ありがとうございます。",
    ),
    "offer": ("本日はどのようなご用件でしょうか。", "作品のご案内やご注文の確認を承ります。", "本日は何をお探しでしょうか。"),
    "thanks": ("お役に立てて何よりです。", "お役に立てて嬉しいです。", "こちらこそありがとうございます。"),
    "farewell": ("またのお越しをお待ちしております。", "どうぞ楽しい読書をお過ごしください。"),
    "who": ("作品やご注文、返品をご案内する自動応答のMangaAssistです。", "私は当店の自動アシスタント、MangaAssistです。"),
    "fine": ("お気遣いありがとうございます。元気にご案内しております。", "ありがとうございます。いつでもお手伝いいたします。"),
    "small_talk": ("漫画を読むのにぴったりの日ですね。", "それは嬉しいお話です。気分に合う漫画もきっと見つかります。"),
    "clarify": (
        "お手伝いいたします。作品、ご注文、返品、おすすめのうち、どのご用件でしょうか。",
        "かしこまりました。作品のことかご注文のことか、もう少し詳しくお聞かせください。",
    ),
    "closing": (
        "ほかにもご質問がございましたら、お知らせください。",
        "ほかにお手伝いできることはございますか。",
        "詳しくお知りになりたいときは、お気軽にお尋ねください。",
    ),
    # titles
    "price": ("『{title}』は1冊{price}です。", "『{title}』の価格は1冊{price}です。", "『{title}』は1巻あたり{price}でございます。"),
    "price_volume": ("『{title}』第{volume}巻は{price}です。", "『{title}』第{volume}巻の価格は{price}です。"),
    "volumes": ("『{title}』は全{volumes}巻です。", "『{title}』は全部で{volumes}巻あります。"),
    "volumes_so_far": ("『{title}』は現在{volumes}巻まで出ています。", "『{title}』は{volumes}巻まで刊行されています。"),
    "author": ("『{title}』の作者は{author}先生です。", "『{title}』は{author}先生の作品です。"),
    "status_completed": ("『{title}』は完結しています。", "『{title}』はすでに完結しております。", "はい、『{title}』は完結済みです。"),
    "status_ongoing": ("『{title}』は連載中です。", "『{title}』は現在も連載中です。"),
    "status_hiatus": ("『{title}』は現在休載中です。", "『{title}』は休載中です。"),
    "stock_in": ("『{title}』は在庫あり（残り{stock}点）です。", "はい、『{title}』は在庫あり（残り{stock}点）です。"),
    "stock_out": ("『{title}』は現在在庫切れです。", "『{title}』はただいま在庫切れです。"),
    "restock": ("商品ページで入荷のお知らせをお申し込みいただけます。", "入荷のお知らせをご利用いただけます。"),
    "age": ("『{title}』の対象年齢は{age}歳以上です。", "『{title}』は{age}歳以上の方が対象です。"),
    "age_all": ("『{title}』は全年齢対象です。", "『{title}』はどの年齢の方にもお読みいただけます。"),
    "age_fits": ("{reader}歳の方にもお読みいただけます。", "{reader}歳の方にも安心してお選びいただけます。"),
    "age_unfit": ("{reader}歳の方には少し早い内容です。", "そのため、{reader}歳の方にはお選びいただかない方がよろしいかと存じます。"),
    "release_known": ("『{title}』の次の巻は{date}に発売予定です。", "『{title}』の次巻の発売日は{date}です。"),
    "release_unknown": (
        "『{title}』の次の巻の発売日は、まだ発表されていません。",
        "『{title}』の次巻の発売日は未定で、発表はまだございません。",
    ),
    "release_done": ("『{title}』は完結しているため、次の巻の予定はありません。", "『{title}』は完結しており、続刊の予定はございません。"),
    "synopsis": ("『{title}』のあらすじをご紹介します。{synopsis}", "『{title}』についてご案内します。{synopsis}"),
    "card": (
        "『{title}』は{author}先生の作品で、{volumes_ja}、{status}、{rated}、1冊{price}です。",
        "『{title}』の作者は{author}先生です。{volumes_ja}、{status}、{rated}で、1冊{price}です。",
    ),
    "edition": ("『{title}』は{edition}で、全{volumes}巻、1冊{price}です。", "『{title}』（{edition}）は1冊{price}、全{volumes}巻です。"),
    "one_edition": ("『{title}』は1種類の版を取り扱っています。", "『{title}』の版は1種類です。"),
    "spoiler": ("ご希望ですので、『{title}』の結末に触れます。{spoiler}", "『{title}』のネタバレをお伝えします。{spoiler}"),
    "keeps_secret": ("『{title}』の結末は、ぜひ読んでお確かめください。", "『{title}』の展開は読んでからのお楽しみです。"),
    "no_volume": (
        "『{title}』は{volumes}巻までで、第{volume}巻はございません。",
        "『{title}』に第{volume}巻はなく、{volumes}巻までとなっております。",
    ),
    "cheaper": ("『{title}』の方がお求めやすい価格です。", "お安いのは『{title}』です。"),
    "which_title": ("どの作品についてお尋ねでしょうか。", "作品名を教えていただけますか。"),
    "which_of": ("{options}のどちらをお探しでしょうか。", "{options}がございます。どちらのことでしょうか。"),
    "unknown": (
        "「{name}」は当店のカタログに載っていないため、お伝えできる情報がありません。",
        "「{name}」は当店のカタログにございませんでした。",
    ),
    "other_name": ("別の題名や作者名が分かりましたら、もう一度お調べします。", "ほかの表記をご存じでしたら、改めてお調べいたします。"),
    # recommendations
    "pick": ("こちらの作品はいかがでしょうか。", "おすすめをご紹介します。", "次の作品がお好みに合うと思います。"),
    "pick_one": ("こちらの作品はいかがでしょうか。", "この作品をおすすめします。"),
    "pick_like": ("『{like}』がお好きでしたら、こちらはいかがでしょうか。", "『{like}』のお好きな方には、こちらをおすすめします。"),
    "pick_again": (
        "教えてくださりありがとうございます。では、こちらはいかがでしょうか。",
        "かしこまりました。別の作品をご紹介します。",
        "承知しました。ほかにはこちらがございます。",
    ),
    "item": ("『{title}』（{author}、{rated}、1冊{price}）は{reason}。", "『{title}』（{author}作、{rated}、1冊{price}）は{reason}。"),
    "found": ("それは{author}先生の『{title}』かと存じます。{synopsis}", "お探しの作品は{author}先生の『{title}』だと思います。{synopsis}"),
    "nothing_fits": ("すべてのご希望に合う作品は、カタログに見つかりませんでした。", "ご希望のすべてに合う作品は、ただいまございません。"),
    "loosen": ("条件を少し広げてお探ししてもよろしいでしょうか。", "条件を一つ緩めていただければ、改めてお探しします。"),
    "ask_taste": ("お好きなジャンルや、最近お楽しみになった作品を教えていただけますか。", "どのようなジャンルや雰囲気がお好みでしょうか。"),
    "too_young": (
        "『{title}』の対象年齢は{age}歳以上のため、{reader}歳の方にはご案内しておりません。",
        "『{title}』は{age}歳以上の方が対象ですので、{reader}歳の方への販売は控えております。",
    ),
    # about orders
    "order_shipped": ("ご注文{number}は発送済みで、{date}にお届けの予定です。", "ご注文{number}は発送しており、{date}に届く予定です。"),
    "order_processing": (
        "ご注文{number}は発送準備中で、{date}にお届けの予定です。",
        "ご注文{number}はただいま準備中です。{date}に届く予定です。",
    ),
    "order_delivered": ("ご注文{number}は{date}に配達済みです。", "ご注文{number}は{date}にお届けしております。"),
    "order_delayed": (
        "ご注文{number}は遅れており、{date}にお届けの予定です。",
        "ご注文{number}の配送に遅れが出ております。新しいお届け予定日は{date}です。",
    ),
    "order_cancelled": ("ご注文{number}はキャンセルされています。", "ご注文{number}はキャンセル済みです。"),
    "order_pre_order": ("ご注文{number}はご予約の品で、{date}にお届けの予定です。", "ご予約の{number}は{date}に届く予定です。"),
    "order_other": ("ご注文{number}の状況は「{order_status}」です。",),
    "order_items": ("内容は{items}です。", "お品物は{items}です。"),
    "ask_order": ("ご注文番号を教えていただけますか。", "恐れ入りますが、ご注文番号をお知らせください。"),
    "ask_email": (
        "ご本人様の確認のため、ご注文時のメールアドレスを教えていただけますか。",
        "個人情報保護のため、ご注文のメールアドレスをお知らせください。",
    ),
    "not_yours": (
        "ご注文{number}はお客様のアカウントのものではないため、内容は非公開です。番号をお確かめください。",
        "個人情報保護のため、ご案内はご本人様のご注文に限っております。{number}の番号をお確かめください。",
    ),
    "opened_return": (
        "ご注文{number}の返品の受付をいたしました。受付番号は{reference}です。",
        "ご注文{number}の返品を、受付番号{reference}で承りました。",
    ),
    "opened_exchange": (
        "ご注文{number}の交換の受付をいたしました。受付番号は{reference}です。",
        "ご注文{number}の交換を、受付番号{reference}で承りました。",
    ),
    "not_delivered": ("ご注文{number}はまだお届け前です。", "ご注文{number}はまだ配達されておりません。"),
    "sorry_volume": (
        "お届けした商品でご不快な思いをおかけし、心よりお詫び申し上げます。",
        "商品の件でご迷惑をおかけし、大変申し訳ございません。",
    ),
    "sorry_wait": ("お待たせして申し訳ございません。", "お待たせしており、心よりお詫び申し上げます。"),
    "sorry": ("ご不便をおかけして申し訳ございません。", "ご迷惑をおかけし、お詫び申し上げます。"),
    # policies, offers, hand-off
    "policy": ("{policy}",),
    "no_policy": (
        "その点は当店のご案内に記載がないため、推測でのお答えは控えます。担当者がお答えいたします。",
        "ご案内ページに記載のない内容です。担当者が確認してお答えします。",
    ),
    "promotion": ("{promotion}",),
    "more_offers": ("ただいまのキャンペーンをご案内します。", "現在、次の特典がございます。"),
    "no_offer": ("ただいま、そのようなキャンペーンは行っておりません。", "現在、該当する特典はございません。"),
    "offer_over": ("「{offer}」は{date}に終了しました。", "「{offer}」は{date}で終了しております。"),
    "very_sorry": (
        "度々ご迷惑をおかけし、心よりお詫び申し上げます。",
        "ご不快な思いをおかけし、大変申し訳ございません。お気持ちはごもっともです。",
    ),
    "hand_off": (
        "これより担当者におつなぎします。受付番号は{reference}です。",
        "担当者が引き継いで対応いたします。受付番号は{reference}です。",
    ),
    "still_handed": ("担当者がすでに確認しており、まもなくご連絡いたします。", "お問い合わせは担当者に引き継いでおります。"),
    "keeps_rules": ("通常の店舗の決まりに沿ってご案内いたします。", "当店の決まりどおりにご案内します。"),
}
_STATUS = {"completed": "完結済み", "ongoing": "連載中", "hiatus": "休載中"}
_EDITION = {"standard": "通常版", "deluxe": "愛蔵版", "omnibus": "合本版", "new edition": "新装版"}
_GENRES = {
    "action": "アクション", "adventure": "冒険", "comedy": "コメディ", "cooking": "料理", "crime": "犯罪", "detective": "探偵", "drama": "ドラマ", "fantasy": "ファンタジー",
    "historical": "歴史", "horror": "ホラー", "isekai": "異世界", "magical-girl": "魔法少女", "music": "音楽", "mystery": "ミステリー", "psychological": "心理", "romance": "恋愛",
    "school": "学園", "science-fiction": "SF", "slice-of-life": "日常", "sports": "スポーツ", "supernatural": "怪異", "thriller": "サスペンス",
}  # fmt: skip
_ORDER_STATUS = {"returned": "返品済み", "refunded": "返金済み", "lost": "調査中"}


def money(yen: int) -> str:
    """Return an amount as the shop writes it: 1,980円."""
    return f"{yen:,}円"


def day(when: date) -> str:
    """Return a date as the shop writes it: 2026年12月4日."""
    return f"{when.year}年{when.month}月{when.day}日"


def rated(title: Title) -> str:
    """Return the age rating: 16歳以上, 全年齢."""
    return f"{title.age_rating}歳以上" if title.age_rating else "全年齢"


def worded(values: Mapping[str, Any]) -> dict[str, str]:
    """Return what a phrase may use, in words."""
    words: dict[str, str] = {}
    for name, value in values.items():
        if isinstance(value, Title):
            words[name] = value.ja
            if name == "title":
                words |= _of_title(value)
        elif isinstance(value, Bilingual):
            words[name] = value.ja
        elif isinstance(value, date):
            words[name] = day(value)
        elif name == "options":
            words[name] = "と".join(f"『{title.ja}』" for title in value)
        elif name == "reason":
            words[name] = _reason(value)
        elif name == "items":
            words[name] = "、".join(f"『{title.ja}』第{volume}巻" for title, volume in value)
        else:
            words[name] = _ORDER_STATUS.get(str(value), str(value)) if name == "order_status" else str(value)
    return words


def _of_title(title: Title) -> dict[str, str]:
    return {
        "author": title.author.ja, "volumes": str(title.volumes), "price": money(title.price_yen), "status": _STATUS[title.status],
        "stock": str(title.stock), "age": str(title.age_rating), "rated": rated(title), "synopsis": title.synopsis.ja,
        "edition": _EDITION.get(title.edition, title.edition),
        "volumes_ja": f"全{title.volumes}巻" if title.status == "completed" else f"既刊{title.volumes}巻",
    }  # fmt: skip


def _reason(reason: Mapping[str, Any]) -> str:
    """Tie a recommendation to what the customer said; ends in polite form."""
    parts = []
    if reason.get("age") is not None:
        parts.append(f"{reason['age']}歳の方にも読みやすく")
    if reason.get("budget"):
        parts.append(f"{money(reason['budget'])}以内のご予算に合い")
    if reason.get("completed"):
        parts.append("完結していて")
    if reason.get("short"):
        parts.append(f"全{reason['short']}巻と短めで")
    genres = "と".join(_GENRES.get(genre, genre) for genre in sorted(reason.get("genres", ())))
    end = f"お好みの{genres}の作品です" if genres else "ご希望の作者の作品です" if reason.get("author") else "長く愛されている作品です"
    return "、".join((*parts[:2], end))
