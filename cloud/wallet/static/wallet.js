// Tickets bound to this phone. Each has a key of its own that the browser never gives out; the code on the screen is signed
// with it every few seconds, with no line. What a code is: docs/concepts/ticket.md.
"use strict";
(function () {
  const EVERY_MS = 5000;
  const AGAIN_MS = 8000;
  const MOST_ASKED = 50;
  const LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
  const PURPOSE = new TextEncoder().encode("yipiao shown 1");
  // COSE's numbers of the algorithms (RFC 9053): Ed25519 where the browser has it, else ECDSA on P-256.
  const KINDS = {
    "-8": { make: { name: "Ed25519" }, sign: { name: "Ed25519" } },
    "-7": { make: { name: "ECDSA", namedCurve: "P-256" }, sign: { name: "ECDSA", hash: "SHA-256" } },
  };
  const page = document.getElementById("wallet");
  const said = document.getElementById("said");

  // --- Bytes -------------------------------------------------------------------------------------------------------
  function join(...parts) {
    const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    parts.reduce((at, part) => { whole.set(part, at); return at + part.length; }, 0);
    return whole;
  }
  function head(major, value) {
    if (value < 24) { return Uint8Array.of(major << 5 | value); }
    if (value < 256) { return Uint8Array.of(major << 5 | 24, value); }
    if (value < 65536) { return Uint8Array.of(major << 5 | 25, value >> 8, value & 255); }
    const out = new Uint8Array(5);
    out[0] = major << 5 | 26;
    new DataView(out.buffer).setUint32(1, value);
    return out;
  }
  const bytes = (data) => join(head(2, data.length), data);
  function fromBase45(text) {
    const out = [];
    for (let i = 0; i < text.length; i += 3) {
      const [a, b, c] = [0, 1, 2].map((n) => LETTERS.indexOf(text[i + n]));
      const value = a + 45 * b + (i + 2 < text.length ? 2025 * c : 0);
      if (i + 2 < text.length) { out.push(value >> 8); }
      out.push(value & 255);
    }
    return Uint8Array.from(out);
  }
  function toBase45(data) {
    let text = "";
    for (let i = 0; i < data.length; i += 2) {
      const two = i + 1 < data.length, value = two ? data[i] * 256 + data[i + 1] : data[i];
      text += LETTERS[value % 45] + LETTERS[Math.floor(value / 45) % 45] + (two ? LETTERS[Math.floor(value / 2025)] : "");
    }
    return text;
  }
  const hex = (data) => [...data].map((one) => one.toString(16).padStart(2, "0")).join("");

  // --- Keys --------------------------------------------------------------------------------------------------------
  async function makeKey() {
    for (const alg of [-8, -7]) {
      try {
        const pair = await crypto.subtle.generateKey(KINDS[alg].make, false, ["sign", "verify"]);
        const raw = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
        const holder = alg === -8 ? raw : join(Uint8Array.of(2 + (raw[64] & 1)), raw.slice(1, 33));
        return { alg, holder: hex(holder), key: pair.privateKey };
      } catch (error) {
        if (alg === -7) { throw error; }
      }
    }
    return null;
  }
  async function code(ticket) {
    const signed = fromBase45(ticket.text.slice(3)), at = head(0, Math.floor(Date.now() / 1000));
    const header = Uint8Array.of(0xa1, 0x01, 0x20 | (-1 - ticket.alg));
    const message = join(
      Uint8Array.of(0x84, 0x6a), new TextEncoder().encode("Signature1"), bytes(header), bytes(join(PURPOSE, signed)), bytes(at));
    const signature = new Uint8Array(await crypto.subtle.sign(KINDS[ticket.alg].sign, ticket.key, message));
    return "Y1:" + toBase45(join(Uint8Array.of(0x83), bytes(signed), at, bytes(signature)));
  }

  // --- What this phone keeps ---------------------------------------------------------------------------------------
  function store(mode, work) {
    return new Promise((done, failed) => {
      const opening = indexedDB.open("yipiao-wallet", 1);
      opening.onupgradeneeded = () => opening.result.createObjectStore("ticket", { keyPath: "holder" });
      opening.onerror = () => failed(opening.error);
      opening.onsuccess = () => {
        const change = opening.result.transaction("ticket", mode), asked = work(change.objectStore("ticket"));
        change.oncomplete = () => { opening.result.close(); done(asked.result); };
        change.onabort = change.onerror = () => failed(change.error);
      };
    });
  }
  const all = () => store("readonly", (tickets) => tickets.getAll());
  const keep = (ticket) => store("readwrite", (tickets) => tickets.put(ticket));
  // Only what is still kept: a ticket that was deleted meanwhile stays deleted.
  const renew = (news) => store("readwrite", (tickets) => {
    const known = tickets.get(news.holder);
    known.onsuccess = () => { if (known.result) { tickets.put({ ...known.result, ...news }); } };
    return known;
  });
  const drop = (ticket) => store("readwrite", (tickets) => tickets.delete(ticket.holder));

  // --- The hub -----------------------------------------------------------------------------------------------------
  async function post(address, given) {
    const body = JSON.stringify(given);
    const answer = await fetch(address, { method: "POST", body, headers: { "Content-Type": "application/json" } });
    const found = await answer.json();
    if (!answer.ok) { throw new Error(found.message || page.dataset.failed); }
    return found;
  }
  const ask = (ticket) => post(page.dataset.bind, { ...ticket.proof, holder: ticket.holder });
  // The key is kept before the hub hears of it: a ticket bound to a key that nobody has would be lost.
  async function bind(proof) {
    const known = (await all()).find((one) => JSON.stringify(one.proof) === JSON.stringify(proof));
    const ticket = known || { ...await makeKey(), proof, text: "" };
    await keep(ticket);
    try {
      await keep({ ...ticket, ...await ask(ticket) });
      tell("");
    } catch (error) {
      const there = navigator.onLine && error.name === "Error";
      if (there && !ticket.text) { await drop(ticket); }
      tell(there ? error.message : page.dataset.away);
    }
    await show();
  }
  async function fetchWaiting() {
    for (const ticket of (await all()).filter((one) => !one.text)) { await bind(ticket.proof); }
  }

  let again = 0;
  // Another vehicle may seat its passenger elsewhere. Without a line, or an answer, what was known stays.
  async function look() {
    const known = await all(), tickets = known.filter((one) => one.text);
    for (let at = 0; at < tickets.length && navigator.onLine; at += MOST_ASKED) {
      const asked = tickets.slice(at, at + MOST_ASKED).map(({ number, holder }) => ({ number, holder }));
      const found = await post(page.dataset.news, { tickets: asked }).catch(() => null);
      // A line that just came back may not carry the first question yet.
      if (!found) { clearTimeout(again); again = setTimeout(look, AGAIN_MS); break; }
      for (const news of found.tickets) { await renew(news); }
    }
    // A code that somebody holds before a gate is not drawn anew for nothing.
    if (JSON.stringify(await all()) !== JSON.stringify(known)) { await show(); }
  }

  // --- The page ----------------------------------------------------------------------------------------------------
  function tell(text) { said.textContent = text; said.hidden = !text; }
  function row(ticket) {
    const item = document.getElementById("ticket").content.cloneNode(true).firstElementChild;
    item.id = "t" + ticket.holder;
    for (const name of ["from_name", "to_name", "moment", "seat", "number", "short_code"]) {
      item.querySelectorAll("[data-" + name + "]").forEach((place) => { place.textContent = ticket[name] || "–"; });
    }
    const said = (ticket.said || []).map((text) => Object.assign(document.createElement("p"), { textContent: text }));
    item.querySelector("[data-said]").replaceChildren(...said);
    item.querySelector("[data-said]").hidden = !said.length;
    item.querySelector("[data-alg]").textContent = ticket.alg === -8 ? "Ed25519" : "P-256";
    item.querySelector("[data-waiting]").hidden = Boolean(ticket.text);
    item.querySelector("[data-code]").hidden = !ticket.text;
    item.querySelector("button").addEventListener("click", async () => {
      if (confirm(page.dataset.sure)) { await drop(ticket); await show(); }
    });
    return item;
  }
  async function show() {
    const tickets = await all();
    page.replaceChildren(...tickets.map(row));
    document.getElementById("none").hidden = tickets.length > 0;
    await sign();
  }
  async function sign() {
    for (const ticket of (await all()).filter((one) => one.text)) {
      const item = document.getElementById("t" + ticket.holder);
      if (!item) { continue; }
      const canvas = item.querySelector("canvas");
      canvas.dataset.code = await code(ticket);
      drawQr(canvas, canvas.dataset.code, 640);
      item.querySelector("[data-clock]").textContent = new Date().toLocaleTimeString(document.documentElement.lang);
    }
  }
  document.getElementById("add").addEventListener("submit", async function (event) {
    event.preventDefault();
    const typed = new FormData(this);
    await bind({ number: typed.get("number").trim(), short_code: typed.get("short_code").trim().toUpperCase() });
    if (said.hidden) { this.reset(); }
  });
  // From the shop: what proves the purchase stands behind the #, so that no server and no log sees it on the way.
  function asked() {
    const found = new URLSearchParams(location.hash.slice(1));
    history.replaceState(null, "", location.pathname);
    return found.get("booking") ? { booking: found.get("booking"), place: Number(found.get("place")) } : null;
  }
  async function begin() {
    if (!globalThis.crypto || !crypto.subtle || !globalThis.indexedDB) { tell(page.dataset.insecure); return; }
    if ("serviceWorker" in navigator) { await navigator.serviceWorker.register(page.dataset.worker, { scope: page.dataset.scope }); }
    if (navigator.storage && navigator.storage.persist) { await navigator.storage.persist(); }
    const proof = asked();
    await show();
    if (proof) { await bind(proof); } else { await fetchWaiting(); }
    await look();
    setInterval(sign, EVERY_MS);
    globalThis.addEventListener("online", look);
    document.addEventListener("visibilitychange", () => { if (!document.hidden) { sign(); look(); } });
  }
  begin();
})();
