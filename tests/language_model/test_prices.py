"""The price file, and exact money."""

from __future__ import annotations

from decimal import Decimal

import pytest

from harness.errors import SettingsError, SourceError
from harness.language_model.money.prices import PROMPT_OVERHEAD, load_prices
from harness.language_model.usage import Usage
from harness.language_model.wire import prompt_bytes
from harness.package_data import shipped
from tests.fakes.model_requests import MODEL, PRICES, judge_request, text_request

FILE = """
source: "the price page"
as_of: 2026-11-01
models:
  - model: some-model
    input: 3
    output: 15.75
    cache_read: 0.3
    cache_write_5m: "3.75"
    cache_write_1h: 6.000001
    batch_share: 0.5
"""


def written(folder, text):
    path = folder / "prices.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_shipped_file_holds_no_figures():
    """Without figures a cost is unknown, not zero, and a budget in money is refused with the remedy."""
    prices = load_prices(shipped("judges") / "prices.yaml")
    assert prices.models == ()
    assert prices.cost(Usage(1000, 1000), MODEL) is None
    assert prices.worst_cost(text_request()) is None
    with pytest.raises(SettingsError, match=f"no(ne| price) for {MODEL}.*price file"):
        prices.require([MODEL])


def test_cents_are_exact(tmp_path):
    """Each kind of token has its price, and no figure of the file is rounded on the way."""
    prices = load_prices(written(tmp_path, FILE))
    usage = Usage(input_tokens=1, output_tokens=10, cache_read_tokens=100, cache_write_tokens=1100, cache_write_1h_tokens=100)
    assert prices.cost(usage, "some-model") == Decimal("0.0045405001")  # 3 + 157.5 + 30 + 3750 + 600.0001 millionths
    assert prices.cost(usage, "some-model", batch=True) == Decimal("0.00227025005")
    assert str(prices.by_model["some-model"].cache_write_1h) == "6.000001"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("as_of: 2026-11-01\n", ""), "'as_of'"),
        (('source: "the price page"\n', ""), "'source'"),
        (("as_of: 2026-11-01", "as_of: last week"), ":3:"),
        (("input: 3", "input: 0"), ":6:"),
        (("input: 3", "input: -3"), ":6:"),
        (("input: 3", "input: .nan"), ":6:"),
        (("input: 3", "input: cheap"), ":6:"),
        (("input: 3", "inputs: 3"), "did you mean 'input'"),
        (("batch_share: 0.5", "batch_share: 1.5"), ":11:"),
        (("    batch_share: 0.5\n", "  - {model: some-model, input: 1, output: 1, cache_read: 1, cache_write_5m: 1, cache_write_1h: 1}\n"), "a second price for some-model"),
    ],
)  # fmt: skip
def test_figures_that_cannot_be_meant_are_refused_at_their_place(tmp_path, change, says):
    """No date, no source, no price, a price of nothing, or two prices for one model: each is a mistake with its line."""
    with pytest.raises(SourceError, match="prices") as caught:
        load_prices(written(tmp_path, FILE.replace(*change)))
    assert says in str(caught.value)


def test_the_worst_cost_takes_every_byte_for_a_token():
    """The bound needs no count: all bytes at the dearest rate that applies, and a whole answer."""
    request = judge_request("日本語の返事です。")
    rates = PRICES.by_model[MODEL]
    expected = (prompt_bytes(request) + PROMPT_OVERHEAD) * rates.cache_write_5m + 2000 * rates.output
    assert PRICES.worst_cost(request) == expected / 1_000_000
    assert PRICES.worst_cost(request, batch=True) == expected / 2_000_000


def test_a_count_makes_the_bound_tighter():
    """Counted tokens, with five per cent for the count's own error, replace the bytes."""
    request = judge_request()
    quick, counted = PRICES.worst_cost(request), PRICES.worst_cost(request, prompt_tokens=1500)
    assert counted is not None
    assert quick is not None
    assert PRICES.cost(Usage(0, 2000, 0, 1575, 0), MODEL) < counted < quick
