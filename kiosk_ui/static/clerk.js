// Comfort at the counter: the list of waiting orders renews itself, and a click on the drawing chooses the seat.
"use strict";
(function () {
  const EVERY_MS = 4000;
  const list = document.getElementById("orders");
  function busy() {
    const typed = Array.from(list.querySelectorAll("input:not([type=hidden])")).some(function (field) { return field.value !== ""; });
    return typed || list.contains(document.activeElement) || list.querySelector(".problem") !== null;
  }
  async function renew() {
    if (busy() || document.hidden) { return; }
    try {
      const answer = await fetch(list.dataset.source, { redirect: "error" });
      if (answer.ok && !busy()) {
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        list.replaceChildren.apply(list, Array.from(page.body.childNodes));
      }
    } catch (error) { /* The box is busy or restarting: the next round will do. */ }
  }
  if (list) { setInterval(renew, EVERY_MS); }

  // The page of a payment by phone: look until the gateway has said something new, then show it.
  const waiting = document.querySelector('[data-waiting="asked"]');
  async function look() {
    try {
      const answer = await fetch(location.href);
      if (answer.redirected) { location.replace(answer.url); return; }
      if (answer.ok && !(await answer.text()).includes('data-waiting="asked"')) { location.reload(); return; }
    } catch (error) { /* The box is busy or restarting: the next round will do. */ }
    setTimeout(look, EVERY_MS / 2);
  }
  if (waiting) { setTimeout(look, EVERY_MS / 2); }

  const choice = document.getElementById("seat");
  document.querySelectorAll(".cabin.small [data-seat]").forEach(function (cell) {
    cell.addEventListener("click", function () { choice.value = cell.dataset.seat; show(); });
  });
  function show() {
    document.querySelectorAll(".cabin.small .chosen").forEach(function (cell) { cell.classList.remove("chosen"); });
    const cell = choice.value && document.querySelector('.cabin.small [data-seat="' + CSS.escape(choice.value) + '"]');
    if (cell) { cell.classList.add("chosen"); }
  }
  if (choice) { choice.addEventListener("change", show); show(); }
})();
