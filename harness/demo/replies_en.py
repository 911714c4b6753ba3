"""The phrase book of the shop in English: each key has a few wordings, and the seed chooses."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from harness.facts import Bilingual, Title

PHRASES: Mapping[str, tuple[str, ...]] = {
    # small talk
    "greet": ("Hello, and welcome to MangaAssist!", "Hi there, welcome to MangaAssist!", "Hello! Nice to see you here."),
    "offer": ("How can I help you today?", "What can I do for you today?", "I can help with titles, orders and recommendations."),
    "thanks": ("You're very welcome!", "My pleasure!", "Happy to help!"),
    "farewell": ("Happy reading, and see you soon!", "Enjoy your manga, and come back any time!", "Have a lovely day, and happy reading!"),
    "who": (
        "I'm MangaAssist, the shop's automated assistant for titles, orders and returns.",
        "I'm MangaAssist, the automated assistant of this manga shop.",
    ),
    "fine": ("I'm doing well, thank you for asking!", "All is well here, thank you!"),
    "small_talk": ("It's always a good day for a good manga!", "That's nice to hear! There is a manga for every mood."),
    "clarify": (
        "I'd like to help you with that. Is it about a title, an order, a return or a recommendation?",
        "Happy to help. Could you tell me a little more: is it about a title, an order or a recommendation?",
    ),
    "closing": ("Is there anything else I can help you with?", "Let me know if you'd like to know more.", "I'm happy to tell you more."),
    # titles
    "price": ("{title} is {price} per volume.", "{title} costs {price} per volume.", "Each volume of {title} costs {price}."),
    "price_volume": (
        "Volume {volume} of {title} is {price}.",
        "{title} volume {volume} costs {price}.",
        "The price of {title} volume {volume} is {price}.",
    ),
    "volumes": ("{title} has {volumes} volumes.", "There are {volumes} volumes of {title}.", "{title} comes in {volumes} volumes."),
    "volumes_so_far": ("{title} has {volumes} volumes so far.", "So far there are {volumes} volumes of {title}."),
    "author": ("{title} is by {author}.", "{title} was created by {author}.", "The author of {title} is {author}."),
    "status_completed": ("{title} is completed.", "{title} is a completed series.", "Yes, {title} is finished: the series is completed."),
    "status_ongoing": ("{title} is ongoing.", "{title} is still ongoing.", "{title} is an ongoing series."),
    "status_hiatus": ("{title} is on hiatus.", "{title} is currently on hiatus."),
    "stock_in": (
        "{title} is in stock ({stock} left).",
        "Yes, {title} is in stock ({stock} left).",
        "Good news: {title} is in stock ({stock} left).",
    ),
    "stock_out": ("{title} is out of stock right now.", "At the moment {title} is out of stock."),
    "restock": ("You can ask for a restock notice on its page.", "A restock notice will tell you when it is back."),
    "age": ("{title} is rated {age}+.", "{title} has an age rating of {age}+."),
    "age_all": ("{title} is rated for all ages.", "{title} is suitable for all ages."),
    "age_fits": ("That fits a reader of {reader}.", "So it suits a reader aged {reader}."),
    "age_unfit": ("So it is not the right choice for a reader of {reader}.", "That makes it too mature for a reader aged {reader}."),
    "release_known": ("The next volume of {title} comes out on {date}.", "{title}: the next volume is due on {date}."),
    "release_unknown": (
        "No release date has been announced for the next volume of {title}.",
        "There is no announced release date for the next volume of {title} yet.",
    ),
    "release_done": ("{title} is completed, so no further volume is planned.", "As {title} is completed, there will be no next volume."),
    "synopsis": ("{title}: {synopsis}", "Here is {title} in a nutshell: {synopsis}"),
    "card": (
        "{title} is by {author}: {volumes} volumes, {status}, {rated}, {price} per volume.",
        "{title} by {author} has {volumes} volumes, is {status} and {rated}, and costs {price} per volume.",
    ),
    "edition": (
        "{title} is the {edition} and costs {price} per volume, with {volumes} volumes.",
        "There is {title}: {volumes} volumes at {price} per volume.",
    ),
    "one_edition": ("We carry one edition of {title}.", "{title} comes in one edition here."),
    "spoiler": ("As you asked, a spoiler for {title}: {spoiler}", "Spoiler for {title}, as you wished: {spoiler}"),
    "keeps_secret": ("I'll leave the surprises of {title} for you to discover.", "The ending of {title} is best discovered by reading it."),
    "no_volume": (
        "{title} has {volumes} volumes, so there is no volume {volume}.",
        "There is no volume {volume} of {title}; it has {volumes} volumes.",
    ),
    "cheaper": ("{title} is the cheaper one.", "So {title} costs less."),
    "which_title": ("Which title do you mean?", "Could you tell me which title you mean?"),
    "which_of": ("Do you mean {options}?", "There is more than one: {options}. Which one do you mean?"),
    "unknown": (
        "{name} is not in our catalogue, so I have no facts about it.",
        "Our catalogue does not list {name}, so I'd rather not guess.",
    ),
    "other_name": ("If it has another name, I'll gladly look again.", "With another spelling or the author's name I'll gladly look again."),
    # recommendations
    "pick": ("Here are two titles you may enjoy.", "How about these?", "I think these would suit you."),
    "pick_one": ("Here is one that you may enjoy.", "How about this one?"),
    "pick_like": ("Since you enjoy {like}, how about these?", "If you like {like}, these are worth a look."),
    "pick_again": (
        "Thank you for telling me. Then how about these?",
        "Understood! Let me suggest these instead.",
        "Of course. Here are other ideas.",
    ),
    "item": (
        "{title} by {author}, {rated}, {price} per volume: {reason}.",
        "{title} ({author}, {rated}, {price} per volume): {reason}.",
    ),
    "found": ("That sounds like {title} by {author}: {synopsis}", "I think you mean {title} by {author}: {synopsis}"),
    "nothing_fits": ("Nothing in our catalogue fits all of that.", "No title of ours meets all of those wishes."),
    "loosen": ("Shall I look a little wider?", "If you can relax one wish, I'll gladly look again."),
    "ask_taste": (
        "What genre or mood do you feel like, or which title did you enjoy last?",
        "Which genre do you like, or is there a title that you enjoyed?",
    ),
    "too_young": (
        "{title} is rated {age}+, so we don't offer it to readers aged {reader}.",
        "Since {title} is rated {age}+, it is not for a reader of {reader}.",
    ),
    # about orders
    "order_shipped": (
        "Order {number} has shipped and should arrive by {date}.",
        "Good news: order {number} is on its way and should arrive by {date}.",
    ),
    "order_processing": (
        "Order {number} is being prepared and should arrive by {date}.",
        "We are preparing order {number}; it should arrive by {date}.",
    ),
    "order_delivered": ("Order {number} was delivered on {date}.", "Our records show that order {number} was delivered on {date}."),
    "order_delayed": (
        "Order {number} is delayed and should now arrive by {date}.",
        "Order {number} is running late; the new delivery date is {date}.",
    ),
    "order_cancelled": ("Order {number} was cancelled.", "Order {number} has been cancelled."),
    "order_pre_order": ("Order {number} is a pre-order and should arrive by {date}.", "Your pre-order {number} should arrive by {date}."),
    "order_other": ("Order {number} has the status {order_status}.",),
    "order_items": ("It contains {items}.", "In it: {items}."),
    "ask_order": (
        "Could you tell me your order number, please?",
        "May I have your order number, please?",
        "What is your order number, please?",
    ),
    "ask_email": (
        "To keep your order private, could you tell me the e-mail address on it?",
        "May I have the e-mail address of the order, so that I can be sure it is yours?",
    ),
    "not_yours": (
        "Order {number} does not belong to this account, so I keep its details private. Please check the number.",
        "For privacy I only share orders of your own account, and {number} is not one of them. Please check the number.",
    ),
    "opened_return": (
        "I have opened a return request for order {number}; the reference is {reference}.",
        "Your return request for order {number} is open under reference {reference}.",
    ),
    "opened_exchange": (
        "I have opened an exchange request for order {number}; the reference is {reference}.",
        "Your exchange request for order {number} is open under reference {reference}.",
    ),
    "not_delivered": ("Order {number} has not been delivered yet.", "Order {number} has not reached you yet."),
    "sorry_volume": ("I'm sorry to hear that about your volume.", "I'm sorry that it reached you like that."),
    "sorry_wait": ("I'm sorry about the wait.", "Thank you for your patience, and sorry about the wait."),
    "sorry": ("I'm sorry about the trouble.", "I understand, and I'm sorry about the trouble."),
    # policies, offers, hand-off
    "policy": ("{policy}",),
    "no_policy": (
        "Our pages say nothing about that, so I'd rather not guess; our staff will know.",
        "That is not covered by our pages. Our staff will gladly answer it.",
    ),
    "promotion": ("{promotion}",),
    "more_offers": ("We have these offers:", "These offers are running now:"),
    "no_offer": ("There is no offer of that kind at the moment.", "No such offer is running right now."),
    "offer_over": ('The offer "{offer}" ended on {date}.', '"{offer}" is over; it ended on {date}.'),
    "very_sorry": (
        "I'm very sorry for the trouble this has caused you.",
        "I understand how frustrating this is, and I'm truly sorry.",
    ),
    "hand_off": (
        "I'm handing you over to a member of our staff, under reference {reference}.",
        "A member of our staff will take over from here; your reference is {reference}.",
    ),
    "still_handed": ("Our staff have your case and will be with you shortly.", "Your case is already with our staff."),
    "keeps_rules": ("I'll stay with our usual rules here.", "Our usual shop rules stay in force in this chat."),
}
_STATUS = {"completed": "completed", "ongoing": "ongoing", "hiatus": "on hiatus"}
_EDITION = {"standard": "standard edition", "deluxe": "deluxe edition", "omnibus": "omnibus edition"}


def money(yen: int) -> str:
    """Return an amount as the shop writes it: ¥1,980."""
    return f"¥{yen:,}"


def day(when: date) -> str:
    """Return a date as the shop writes it: 4 December 2026."""
    return f"{when.day} {when:%B} {when.year}"


def listed(names: list[str], last: str) -> str:
    """Return `a, b or c` for last = "or"."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {last} {names[-1]}"


def rated(title: Title) -> str:
    """Return the age rating: `rated 16+`, `for all ages`."""
    return f"rated {title.age_rating}+" if title.age_rating else "for all ages"


def worded(values: Mapping[str, Any]) -> dict[str, str]:
    """Return what a phrase may use, in words."""
    words: dict[str, str] = {}
    for name, value in values.items():
        if isinstance(value, Title):
            words[name] = value.en
            if name == "title":
                words |= _of_title(value)
        elif isinstance(value, Bilingual):
            words[name] = value.en
        elif isinstance(value, date):
            words[name] = day(value)
        elif name == "options":
            words[name] = listed([title.en for title in value], "or")
        elif name == "reason":
            words[name] = _reason(value)
        elif name == "items":
            words[name] = listed([f"{title.en} volume {volume}" for title, volume in value], "and")
        else:
            words[name] = str(value).replace("_", " ") if name == "order_status" else str(value)
    return words


def _of_title(title: Title) -> dict[str, str]:
    return {
        "author": title.author.en, "volumes": str(title.volumes), "price": money(title.price_yen), "status": _STATUS[title.status],
        "stock": str(title.stock), "age": str(title.age_rating), "rated": rated(title), "synopsis": title.synopsis.en,
        "edition": _EDITION.get(title.edition, title.edition),
    }  # fmt: skip


def _reason(reason: Mapping[str, Any]) -> str:
    """Tie a recommendation to what the customer said."""
    parts = []
    if reason.get("genres"):
        parts.append(f"it has the {listed(sorted(genre.replace('-', ' ') for genre in reason['genres']), 'and')} you enjoy")
    if reason.get("age") is not None:
        parts.append(f"it suits a reader of {reason['age']}")
    if reason.get("budget"):
        parts.append(f"it stays within your {money(reason['budget'])}")
    if reason.get("completed"):
        parts.append("the series is completed")
    if reason.get("short"):
        parts.append(
            f"it is complete in {reason['short']} volumes" if reason.get("completed") else f"it has only {reason['short']} volumes"
        )
    if reason.get("author"):
        parts.append("it is by the author you asked for")
    return listed(parts[:3], "and") if parts else "readers come back to it again and again"
