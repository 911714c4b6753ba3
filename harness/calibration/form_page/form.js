"use strict";
// Everything that a bot or customer said arrives as data and is shown with textContent only: no text of theirs becomes markup.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const at = (id) => document.getElementById(id);
  const make = (tag, className, text) => {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (text !== undefined) element.textContent = text;
    return element;
  };
  const SKIPPED = "?";
  let seat = 0, rater = "", mine = [], page = 0, answers = {}, exported = true;

  // Signs that a reader would not see come as ⟨U+202E⟩, and are set apart from what was written.
  const spoken = (text, language) => {
    const paragraph = make("p");
    if (language) paragraph.lang = language;
    for (const part of text.split(/(⟨U\+[0-9A-F]{4,6}⟩)/u)) {
      if (/^⟨U\+/u.test(part)) paragraph.append(make("span", "hidden-sign", part));
      else if (part) paragraph.append(part);
    }
    return paragraph;
  };

  const key = () => `mangaassist-labels ${data.sample} ${seat}`;
  const restore = () => {
    try {
      const kept = JSON.parse(localStorage.getItem(key()) || "{}");
      return kept && typeof kept.answers === "object" ? kept : { answers: {} };
    } catch { return { answers: {} }; }
  };
  const keep = () => {
    exported = false;
    try {
      localStorage.setItem(key(), JSON.stringify({ rater, page, answers }));
      at("saved").textContent = "kept in this browser";
    } catch { at("saved").textContent = "this browser keeps nothing: save to a file before you close it"; }
  };

  const given = (conversation) => conversation.dimensions.filter((one) => (answers[conversation.item] || {})[one.id]).length;
  const finished = (conversation) => given(conversation) === conversation.dimensions.length;

  const entry = (found) => {
    const box = make("div", "entry");
    if (found.name) box.append(make("h4", "", found.name));
    const list = make("dl");
    for (const [name, value] of found.rows) {
      if (name) list.append(make("dt", "", name));
      list.append(make("dd", name ? "" : "whole", value));
    }
    box.append(list);
    return box;
  };
  const folded = (title, entries, open) => {
    const box = make("details");
    box.open = open;
    box.append(make("summary", "", `${title} (${entries.length})`));
    const inside = make("div");
    for (const number of entries) inside.append(entry(data.entries[number]));
    box.append(inside);
    return box;
  };
  const message = (who, className, text, language) => {
    const box = make("div", `message ${className}`);
    box.append(make("span", "who", who), spoken(text, language));
    return box;
  };

  const showConversation = (conversation) => {
    const place = at("conversation");
    place.replaceChildren();
    const goal = make("p", "goal", "The customer wants: ");
    goal.append(make("b", "", conversation.goal));
    goal.lastChild.lang = conversation.language;
    place.append(goal);
    for (const turn of conversation.turns) {
      const box = make("div", "turn");
      box.append(make("span", "number", `Turn ${turn.turn}`), message("Customer", "user", turn.user, conversation.language));
      if (turn.bot !== null) box.append(message("Bot", "bot", turn.bot, conversation.language));
      if (turn.failure) box.append(make("p", "failure", `The bot gave no reply: ${turn.failure}`));
      if (turn.recorded.length) {
        const shown = folded("Shown with this reply", turn.recorded, false);
        shown.classList.add("recorded");
        box.append(shown);
      }
      place.append(box);
    }
    place.append(make("h3", "", "What is true"));
    for (const [title, entries] of conversation.trusted) place.append(folded(title, entries, title === "Catalogue" || title === "Orders"));
    place.scrollTop = 0;
  };

  const choice = (name, value, label, checked, onChange) => {
    const box = make("label", "choice");
    const input = make("input");
    Object.assign(input, { type: "radio", name, value, checked });
    input.addEventListener("change", onChange);
    box.append(input, make("span", "", label));
    return box;
  };
  const showRating = (conversation) => {
    const place = at("rating");
    place.replaceChildren();
    const before = answers[conversation.item] || {};
    for (const asked of conversation.dimensions) {
      const dimension = data.dimensions[asked.id];
      const group = make("fieldset", "dimension");
      group.dataset.dimension = asked.id;
      group.append(make("legend", "", dimension.title));
      const questions = make("ul");
      for (const [question, critical] of asked.questions) {
        const item = make("li", critical ? "critical" : "", question);
        if (critical) item.title = "critical: a fault here weighs heavily";
        questions.append(item);
      }
      const choices = make("div", "choices");
      const pick = (value) => () => rate(conversation, asked.id, value);
      for (const score of ["1", "2", "3", "4", "5"]) choices.append(choice(asked.id, score, score, before[asked.id] === score, pick(score)));
      choices.append(choice(asked.id, SKIPPED, "cannot tell", before[asked.id] === SKIPPED, pick(SKIPPED)));
      const anchors = make("dl", "anchors");
      for (const level of ["5", "3", "1"]) anchors.append(make("dt", "", level), make("dd", "", dimension.anchors[level]));
      group.append(questions, choices, anchors);
      place.append(group);
    }
    place.scrollTop = 0;
  };

  const rate = (conversation, dimension, value) => {
    (answers[conversation.item] ||= {})[dimension] = value;
    keep();
    count();
  };
  const count = () => {
    const conversation = mine[page];
    const done = mine.filter(finished).length;
    at("position").textContent = `Conversation ${page + 1} of ${mine.length}`;
    at("position").title = conversation.item;
    at("progress").max = mine.length;
    at("progress").value = done;
    at("done").textContent = `${done} finished`;
    at("back").disabled = page === 0;
    at("next").disabled = page === mine.length - 1;
    at("open").disabled = mine.every(finished);
    const current = waiting(conversation);
    for (const group of document.querySelectorAll(".dimension")) group.classList.toggle("current", group.dataset.dimension === current);
  };
  const waiting = (conversation) => (conversation.dimensions.find((one) => !(answers[conversation.item] || {})[one.id]) || {}).id;
  const turnTo = (number) => {
    page = Math.min(Math.max(number, 0), mine.length - 1);
    showConversation(mine[page]);
    showRating(mine[page]);
    count();
    at("conversation").focus({ preventScroll: true });
    window.scrollTo(0, 0);
  };

  const cell = (text) => (/[",\r\n]/u.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const table = () => {
    const rows = [["item", "dimension", "rater", "human", "judge", "language", "arm", "split"]];
    for (const conversation of mine) {
      for (const { id } of conversation.dimensions) {
        const answer = (answers[conversation.item] || {})[id];
        rows.push([conversation.item, id, rater, answer && answer !== SKIPPED ? answer : "", "", conversation.language, "", ""]);
      }
    }
    return "\ufeff" + rows.map((row) => row.map(cell).join(",") + "\r\n").join("");
  };
  const save = () => {
    const link = make("a");
    link.href = URL.createObjectURL(new Blob([table()], { type: "text/csv;charset=utf-8" }));
    link.download = `labels-rater-${seat}.csv`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    exported = true;
    const open = mine.filter((one) => !finished(one)).length;
    at("saved").textContent = open ? `saved; ${open} not finished yet` : "saved; everything is finished: hand the file in";
  };

  for (const one of data.seats) {
    const label = choice("seat", String(one), `Rater ${one}`, false, () => {
      seat = one;
      const kept = restore();
      if (kept.rater) at("name").value = kept.rater;
      at("problem").textContent = Object.keys(kept.answers).length ? "You began in this browser already; your answers are still here." : "";
    });
    label.firstChild.required = true;
    at("seats").append(label);
  }
  at("who").addEventListener("submit", (event) => {
    event.preventDefault();
    rater = at("name").value.trim();
    if (!rater || /^[=+\-@]/u.test(rater) || /[\u0000-\u001f]/u.test(rater)) {
      at("problem").textContent = "Please write a name that begins with a letter or digit.";
      return;
    }
    const kept = restore();
    answers = kept.answers;
    mine = data.conversations.filter((one) => one.seats.includes(seat));
    at("start").hidden = true;
    at("work").hidden = false;
    turnTo(Number.isInteger(kept.page) ? kept.page : 0);
  });
  at("back").addEventListener("click", () => turnTo(page - 1));
  at("next").addEventListener("click", () => turnTo(page + 1));
  at("open").addEventListener("click", () => {
    const after = mine.findIndex((one, number) => number > page && !finished(one));
    turnTo(after >= 0 ? after : mine.findIndex((one) => !finished(one)));
  });
  at("save").addEventListener("click", save);
  document.addEventListener("keydown", (event) => {
    if (at("work").hidden || event.ctrlKey || event.metaKey || event.altKey) return;
    const radio = event.target.type === "radio";
    if (event.key === "ArrowRight" && !radio) turnTo(page + 1);
    else if (event.key === "ArrowLeft" && !radio) turnTo(page - 1);
    else if (/^[0-5]$/u.test(event.key)) {
      const focused = event.target.closest(".dimension");
      const id = focused ? focused.dataset.dimension : waiting(mine[page]);
      const value = event.key === "0" ? SKIPPED : event.key;
      const input = id && [...document.querySelectorAll(".dimension input")].find((one) => one.name === id && one.value === value);
      if (input) input.click();
    } else return;
    event.preventDefault();
  });
  window.addEventListener("beforeunload", (event) => { if (!exported) event.preventDefault(); });
  at("start").hidden = false;
})();
