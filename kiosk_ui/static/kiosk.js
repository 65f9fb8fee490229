// The kiosk looks after itself: warn a silent screen, let one touch extend, then wipe. No menu, no drag, no way out.
"use strict";
(function () {
  const WARN_S = 30;
  const ASK_MS = 2000;
  const box = document.getElementById("idle");
  ["contextmenu", "dragstart"].forEach(function (name) {
    document.addEventListener(name, function (event) { event.preventDefault(); });
  });
  if (!box) { return; }

  const after = Number(box.dataset.after);
  const left = box.querySelector(".idle-left");
  const stay = box.querySelector("button");
  let last = Date.now();

  function touched() {
    last = Date.now();
    if (!box.hidden) { box.hidden = true; }
  }
  function look() {
    const silent = Math.floor((Date.now() - last) / 1000);
    if (silent < 0) { touched(); return; }
    if (silent >= after + WARN_S) { clearInterval(round); location.replace(box.dataset.leave); return; }
    if (silent >= after) {
      if (box.hidden) { box.hidden = false; stay.focus(); }
      left.textContent = String(after + WARN_S - silent);
    }
  }
  ["pointerdown", "keydown", "wheel"].forEach(function (name) { document.addEventListener(name, touched, { passive: true }); });
  stay.addEventListener("click", touched);
  const round = setInterval(look, 1000);
  look();

  // Nobody touches the page that waits for money: it asks whether it is here, and goes where that leads.
  async function ask() {
    try {
      const answer = await fetch(location.href);
      if (answer.redirected) { location.replace(answer.url); return; }
      if (answer.status < 500 && !(await answer.text()).includes('data-waiting="' + waiting.dataset.waiting + '"')) { location.reload(); return; }
    } catch (error) { /* The box is busy or restarting: the next round will do. */ }
    setTimeout(ask, ASK_MS);
  }
  const waiting = document.querySelector("[data-waiting]");
  if (waiting) { setTimeout(ask, ASK_MS); }
})();
