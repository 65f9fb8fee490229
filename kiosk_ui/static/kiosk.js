// The kiosk looks after itself: warn a silent screen, let one touch extend, then wipe. No menu, no drag, no way out.
"use strict";
(function () {
  const WARN_S = 30;
  const KEY = "kiosk-touched";
  const box = document.getElementById("idle");
  ["contextmenu", "dragstart"].forEach(function (name) {
    document.addEventListener(name, function (event) { event.preventDefault(); });
  });
  if (!box) { sessionStorage.removeItem(KEY); return; }

  const after = Number(box.dataset.after);
  const left = box.querySelector(".idle-left");
  const stay = box.querySelector("button");
  // Kept over reloads: the page that waits for the agent reloads itself, and that is nobody's touch.
  const refreshes = document.querySelector("meta[http-equiv=refresh]") !== null;
  if (!refreshes || !sessionStorage.getItem(KEY)) { touched(); }

  function touched() {
    sessionStorage.setItem(KEY, String(Date.now()));
    if (!box.hidden) { box.hidden = true; }
  }
  function look() {
    const silent = Math.floor((Date.now() - Number(sessionStorage.getItem(KEY))) / 1000);
    if (silent < 0) { touched(); return; }
    if (silent >= after + WARN_S) { location.replace(box.dataset.leave); return; }
    if (silent >= after) {
      if (box.hidden) { box.hidden = false; stay.focus(); }
      left.textContent = String(after + WARN_S - silent);
    }
  }
  ["pointerdown", "keydown", "wheel"].forEach(function (name) { document.addEventListener(name, touched, { passive: true }); });
  stay.addEventListener("click", touched);
  setInterval(look, 1000);
  look();
})();
