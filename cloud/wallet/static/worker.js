// The wallet without a line: its few files are kept, fetched anew when there is one. Tickets never pass through here.
"use strict";
const KEPT = "wallet-1";
const FILES = ["./", "manifest.webmanifest", "static/wallet.css", "static/qr.js", "static/wallet.js", "static/icon.svg"];

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(KEPT).then((kept) => kept.addAll(FILES)).then(() => self.skipWaiting()));
});
self.addEventListener("activate", (event) => { event.waitUntil(self.clients.claim()); });
self.addEventListener("fetch", (event) => {
  if (event.request.method !== "GET") { return; }
  event.respondWith((async () => {
    const kept = await caches.open(KEPT);
    try {
      const fresh = await fetch(event.request);
      if (fresh.ok && !fresh.redirected) { await kept.put(event.request, fresh.clone()); }
      return fresh;
    } catch (error) {
      return (await kept.match(event.request, { ignoreSearch: true })) || Response.error();
    }
  })());
});
