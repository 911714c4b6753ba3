"""A small catalogue with customers, and builders of scenarios, replies and transcripts around it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from harness.conversations.transcript import EndReason, Exchange, Transcript
from harness.expectations.known import KnownNames
from harness.facts import Bilingual, Customer, Facts, Order, OrderItem, Passage, Promotion, Title
from harness.scenarios.model import Scenario, SourcePlace, Turn
from harness.targets.protocol import FailureKind, Owner, Reply, TargetIdentity, TransportFailure

RUBRIC = Path(__file__).parents[2] / "judges" / "rubric.yaml"
TITLE = {"demographic": "shonen", "genres": ("action",), "synopsis": Bilingual(en="A story.", ja="物語です。")}


def _title(title_id: str, names: tuple[str, str, str], author: tuple[str, str], aliases: tuple[str, ...] = (), **values: Any) -> Title:
    english, japanese, romaji = names
    by = Bilingual(en=author[0], ja=author[1])
    return Title(id=title_id, en=english, ja=japanese, romaji=romaji, author=by, aliases=aliases, **(TITLE | values))


TITLES = (
    _title("naruto", ("Naruto", "NARUTO -ナルト-", "Naruto"), ("Masashi Kishimoto", "岸本斉史"), ("ナルト",), volumes=72, status="completed", age_rating=13, price_yen=528, stock=19),
    _title("one-piece", ("One Piece", "ONE PIECE", "Wan Piisu"), ("Eiichiro Oda", "尾田栄一郎"), ("ワンピース",), volumes=113, status="ongoing", age_rating=13, price_yen=572, stock=48),
    _title("bleach", ("Bleach", "BLEACH", "Buriichi"), ("Tite Kubo", "久保帯人"), volumes=74, status="completed", age_rating=13, price_yen=539, stock=8),
    _title("titan", ("Attack on Titan", "進撃の巨人", "Shingeki no Kyojin"), ("Hajime Isayama", "諫山創"), volumes=34, status="completed", age_rating=16, price_yen=583, stock=12),
    _title("titan-colossal", ("Attack on Titan: Colossal Edition", "進撃の巨人 コロッサル・エディション", "Shingeki Korossaru"), ("Hajime Isayama", "諫山創"), volumes=7, status="completed", age_rating=16, price_yen=6820, stock=0),
    _title("vagabond", ("Vagabond", "バガボンド", "Bagabondo"), ("Takehiko Inoue", "井上雄彦"), volumes=37, status="hiatus", age_rating=16, price_yen=693, stock=7),
    _title("berserk", ("Berserk", "ベルセルク", "Beruseruku"), ("Kentaro Miura", "三浦建太郎"), volumes=43, status="ongoing", age_rating=18, price_yen=748, stock=6),
    _title("haikyu", ("Haikyu!!", "ハイキュー!!", "Haikyuu"), ("Haruichi Furudate", "古舘春一"), volumes=45, status="completed", age_rating=7, price_yen=534, stock=26),
    _title("doraemon", ("Doraemon", "ドラえもん", "Doraemon"), ("Fujiko F. Fujio", "藤子・F・不二雄"), volumes=45, status="completed", age_rating=0, price_yen=440, stock=36),
    _title("nana", ("Nana", "NANA", "Nana"), ("Ai Yazawa", "矢沢あい"), ("ナナ",), volumes=21, status="hiatus", age_rating=16, price_yen=467, stock=6),
    _title("akira", ("Akira", "AKIRA", "Akira"), ("Katsuhiro Otomo", "大友克洋"), volumes=6, status="completed", age_rating=16, price_yen=1320, stock=4),
    _title("dragon-ball", ("Dragon Ball", "ドラゴンボール", "Doragon Booru"), ("Akira Toriyama", "鳥山明"), volumes=42, status="completed", age_rating=7, price_yen=506, stock=33),
)  # fmt: skip
FACTS = Facts(
    as_of=date(2026, 11, 1),
    titles=TITLES,
    passages=(
        Passage(
            id="returns",
            topic="returns",
            title=Bilingual(en="Returns and refunds", ja="返品と返金について"),
            text=Bilingual(en="Write to care@manga.example within 14 days.", ja="14日以内にご連絡ください。電話 03-0000-9999。"),
        ),
    ),
    customers=(
        Customer(id="C-1", name="Sample Hanako", email="hanako@example.jp", phone="090-0000-1001"),
        Customer(id="C-2", name="Placeholder Ken", email="ken@example.com", phone="+1-202-555-0103"),
    ),
    orders=(
        Order(number="MA-10417", customer="C-1", status="shipped", items=(OrderItem(title="naruto", volume=1),)),
        Order(number="MA-20883", customer="C-2", status="shipped", items=(OrderItem(title="bleach", volume=2),)),
    ),
    promotions=(
        Promotion(
            id="autumn",
            title=Bilingual(en="Autumn sale", ja="秋のセール"),
            text=Bilingual(en="Ten percent off.", ja="1割引です。"),
            code="AUTUMN10",
        ),
    ),
)
NAMES = KnownNames(FACTS)


def reply(text: str, payload: Any = None, *, status: int = 200, latency_s: float = 0.1) -> Reply:
    return Reply(text=text, status=status, payload=payload, latency_s=latency_s, build=None)


def failure(kind: FailureKind = FailureKind.SERVER_ERROR, owner: Owner = Owner.TARGET, detail: str = "HTTP 500") -> TransportFailure:
    return TransportFailure(kind, owner, detail, 500)


def scenario_of(
    *turns: Turn, criteria: tuple[str, ...] = (), dimensions: tuple[str, ...] = ("tone_and_locale",), **values: Any
) -> Scenario:
    plain = Scenario(
        id="example", title="An example", intent="product_question", locale="en", tags=(), cluster="example", weight=1.0, must_pass=False,
        effects="none", setup={}, turns=turns, dimensions=dimensions, criteria=criteria, own_criteria=(), facts=("catalogue",),
        fingerprint="0", source=SourcePlace(Path("example.yaml"), 1),
    )  # fmt: skip
    return replace(plain, **values)


def transcript_of(*results: Reply | TransportFailure, scenario: Scenario, ended: EndReason | None = None) -> Transcript:
    exchanges = tuple(
        Exchange(number, scenario.turns[number - 1].say, result, None, ())
        if isinstance(result, Reply)
        else Exchange(number, scenario.turns[number - 1].say, None, result, ())
        for number, result in enumerate(results, start=1)
    )
    failed = any(isinstance(result, TransportFailure) for result in results)
    reason = ended or (EndReason.TARGET_FAILURE if failed else EndReason.COMPLETED)
    return Transcript("example", 0, 1, TargetIdentity("shop", "http://127.0.0.1"), exchanges, reason)
