// The gate without a page load: send the scan, show the verdict, sound it, take the focus back. Works without this too.
"use strict";
(function () {
  const TONES = { green: [[880, 0.12]], amber: [[660, 0.12], [660, 0.12]], red: [[220, 0.35]] };
  const form = document.getElementById("scan");
  const code = document.getElementById("code");
  const number = document.getElementById("document_number");
  // Scans that came while another one was on its way: a quick scanner loses none, and none runs into the next.
  const waiting = [];
  let audio = null;
  let sending = false;

  function sound(colour) {
    try {
      audio = audio || new AudioContext();
      let at = audio.currentTime;
      (TONES[colour] || []).forEach(function (tone) {
        const voice = audio.createOscillator();
        const volume = audio.createGain();
        voice.frequency.value = tone[0];
        volume.gain.setValueAtTime(0.25, at);
        volume.gain.exponentialRampToValueAtTime(0.001, at + tone[1]);
        voice.connect(volume).connect(audio.destination);
        voice.start(at);
        voice.stop(at + tone[1]);
        at += tone[1] + 0.06;
      });
    } catch (error) { /* No loudspeaker: the colour says it all. */ }
  }
  function swap(page, id) {
    const fresh = page.getElementById(id);
    if (fresh) { document.getElementById(id).replaceWith(fresh); }
  }
  // The verdict stays in sight: a field below it takes the keys without being scrolled to.
  function focus() { (number || code).focus({ preventScroll: true }); }
  // Cut off from the box: nothing was checked and nothing is kept here. Never green.
  function away() {
    const verdict = document.getElementById("verdict");
    verdict.className = "verdict amber";
    verdict.dataset.colour = "amber";
    verdict.replaceChildren(document.getElementById("away").content.cloneNode(true));
    sound("amber");
  }

  async function send(body) {
    try {
      const answer = await fetch(form.action, { method: "POST", body: body });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (!page.getElementById("verdict")) { location.reload(); return; }
      swap(page, "verdict");
      swap(page, "counts");
      sound(document.getElementById("verdict").dataset.colour);
    } catch (error) {
      away();
    }
  }
  form.addEventListener("submit", async function (event) {
    event.preventDefault();
    if (sending && !code.value.trim()) { return; }
    waiting.push(new URLSearchParams(new FormData(form)));
    code.value = "";
    if (number) { number.value = ""; }
    focus();
    if (sending) { return; }
    sending = true;
    while (waiting.length) { await send(waiting.shift()); }
    sending = false;
    focus();
  });
  // A reader of documents ends with Enter, as one of tickets does: first the document, then the ticket. A ticket that comes
  // first goes where it belongs.
  if (number) {
    number.addEventListener("keydown", function (event) {
      if (event.key !== "Enter") { return; }
      event.preventDefault();
      if (number.value.trim().toUpperCase().startsWith("Y1:")) {
        code.value = number.value;
        number.value = "";
        form.requestSubmit();
        return;
      }
      code.focus();
    });
  }
  document.addEventListener("click", function (event) {
    if (!event.target.closest("a, button, input, select, label")) { focus(); }
  });
  sound(document.getElementById("verdict").dataset.colour);
  focus();
})();
