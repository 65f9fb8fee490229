// One touch prints; without scripts the browser's own menu does it.
"use strict";
(function () {
  const button = document.querySelector("[data-print]");
  if (button) {
    button.hidden = false;
    button.addEventListener("click", function () { window.print(); });
  }
})();
