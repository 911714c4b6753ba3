from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.demo.shop import Message, Shop, ShopPlan
from tests.demo.conftest import FOLDER

LINES = ("Can you recommend a fantasy manga?", "Not that one. Something else?", "How much is the first one?")
OTHER_PROCESS = f"""
import json
from pathlib import Path
from harness.demo.shop import FACT_FILES, Message, Shop, ShopPlan
from harness.facts import load_facts
folder = Path({str(FOLDER)!r})
shop = Shop(ShopPlan("green", folder), load_facts(folder, FACT_FILES))
print(json.dumps([{{**shop.answer(Message("s", line, "en", 11)).body, "latency_ms": 0}} for line in {LINES!r}]))
"""


def bodies(shop: Shop, session: str = "s", seed: int = 11) -> list[str]:
    """Hold the same conversation and return its replies as bytes would show them, without the time they took."""
    return [json.dumps({**shop.answer(Message(session, line, "en", seed)).body, "latency_ms": 0}) for line in LINES]


def test_the_same_seed_and_messages_give_the_same_bytes_whatever_else_is_asked(open_shop: Callable[..., Shop]) -> None:
    """Another conversation in between, or a second shop, changes nothing."""
    shop = open_shop()
    alone = bodies(shop)
    busy = open_shop()
    mixed = []
    for line in LINES:
        mixed.append(json.dumps({**busy.answer(Message("s", line, "en", 11)).body, "latency_ms": 0}))
        busy.answer(Message("noise", "ホラーのおすすめは？", "ja", 3))
    assert alone == mixed


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_another_process_gives_the_same_bytes(open_shop: Callable[..., Shop], hash_seed: str) -> None:
    """No reply depends on the order in which a process happens to walk a set."""
    done = subprocess.run(
        [sys.executable, "-c", OTHER_PROCESS],
        capture_output=True, text=True, check=True, timeout=60,
        env={"PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(Path(__file__).parents[2]), "PATH": ""},
    )  # fmt: skip
    assert json.loads(done.stdout) == [json.loads(body) for body in bodies(open_shop())]


def test_another_seed_words_it_another_way(open_shop: Callable[..., Shop]) -> None:
    """Repeats of a scenario are not copies of each other."""
    shop = open_shop()
    assert len({bodies(shop, f"s{seed}", seed)[0] for seed in range(8)}) > 2


def test_a_build_is_forty_digits_of_version_colour_and_defects() -> None:
    """Equal plans state equal builds, and everything that changes replies changes the build."""
    plans = [
        ShopPlan("blue", FOLDER),
        ShopPlan("green", FOLDER),
        ShopPlan("green", FOLDER, {"price": 1.0}),
        ShopPlan("green", FOLDER, {"price": 0.3}),
        ShopPlan("green", FOLDER, version="1.0.1"),
    ]
    builds = [plan.build for plan in plans]
    assert len(set(builds)) == len(plans)
    assert builds == [plan.build for plan in plans]
    assert all(len(build) == 40 and set(build) <= set("0123456789abcdef") for build in builds)


def test_faults_of_the_wire_show_on_the_response(open_shop: Callable[..., Shop]) -> None:
    """Status, delay, cut and build are spoiled one by one."""
    message = Message("s", "Can you recommend a comedy?", "en", 1)
    healthy = open_shop().answer(message)
    assert (healthy.status, healthy.delay_s, healthy.cut) == (200, 0.0, False)
    assert open_shop(http_500=1.0).answer(message).status == 500
    assert open_shop(slow_tail=1.0).answer(message).delay_s > 1.5
    assert open_shop(dropped_connection=1.0).answer(message).cut


def test_mixed_builds_come_from_every_second_turn(open_shop: Callable[..., Shop]) -> None:
    """Odd turns state the shop's own build, even ones another."""
    shop = open_shop(mixed_builds=1.0)
    builds = [shop.answer(Message("s", "Hello!", "en", 1)).build for _ in range(4)]
    assert builds[0] == builds[2] == shop.build != builds[1] == builds[3]


def test_metrics_count_turns_and_sessions(open_shop: Callable[..., Shop]) -> None:
    """Every turn is counted, for each session by itself too."""
    shop = open_shop()
    bodies(shop, "a")
    bodies(shop, "b")
    assert shop.metrics() == {"conversations": 2, "turns": 6, "sessions": {"a": 3, "b": 3}}
