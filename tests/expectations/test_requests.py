"""Whether a reply asks the user for something."""

from __future__ import annotations

import pytest

from harness.expectations.finding import FindingOutcome
from harness.expectations.requests import asked_for, check_asks_for, check_does_not_ask_for


@pytest.mark.parametrize(
    ("slot", "text"),
    [
        ("order_number", "Could you tell me your order number, please?"),
        ("order_number", "恐れ入りますが、ご注文番号をお知らせください。"),
        ("order_number", "Which order is it about?"),
        ("email", "May I have the e-mail address of the order?"),
        ("email", "メールアドレスを教えていただけますか。"),
        ("budget", "What is your budget?"),
        ("budget", "How much would you like to spend?"),
        ("budget", "ご予算はおいくらくらいでしょうか。"),
        ("age", "How old is the reader?"),
        ("age", "読まれる方は何歳でしょうか。"),
        ("genre", "Which genre do you like?"),
        ("genre", "どのようなジャンルがお好みでしょうか。"),
        ("title", "Which title do you mean?"),
        ("title", "作品名を教えていただけますか。"),
        ("title", "NANAのどちらの版をお探しでしょうか。"),
        ("reason", "Could you tell me why you are returning it?"),
        ("reason", "返品の理由をお聞かせください。"),
        ("address", "Please confirm your delivery address."),
        ("address", "お届け先の住所を教えてください。"),
    ],
)
def test_requests_are_understood(read, slot, text):
    """A request is found with its sentence, in both languages."""
    reply = read(f"Thank you. {text}")
    assert check_asks_for(slot, reply).outcome is FindingOutcome.MET
    checked = check_does_not_ask_for(slot, reply)
    assert checked.outcome is FindingOutcome.UNMET
    assert reply.text.split("Thank you. ")[1][:20] in checked.evidence


@pytest.mark.parametrize(
    ("slot", "text"),
    [
        ("order_number", "Your order number is MA-10417. Is there anything else?"),
        ("order_number", "Could you tell me why you are returning order MA-10417 (order number MA-10417)?"),
        ("order_number", "ご注文番号MA-10417の件ですね。ほかにご質問はございますか。"),
        ("order_number", "You find the order number in your confirmation."),
        ("email", "We have sent an e-mail to you."),
        ("email", "Shall I send it to hanako@example.jp by e-mail?"),
        ("budget", "Everything here is within your budget."),
        ("age", "It is rated for that age."),
        ("genre", "It is of the genre you like."),
        ("title", "That title is in stock."),
        ("reason", "The reason is a delay at the printer."),
        ("address", "Could you tell me your e-mail address?"),
        ("address", "We ship to the address of your account."),
    ],
)
def test_statements_are_no_requests(read, slot, text):
    """A slot that is only named, or whose value stands there already, is not asked for."""
    reply = read(text)
    assert asked_for(slot, reply) is None
    assert check_asks_for(slot, reply).outcome is FindingOutcome.UNMET
    assert check_does_not_ask_for(slot, reply).outcome is FindingOutcome.MET
