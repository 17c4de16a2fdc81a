// Keeps the page for visits without a network. Files have their content's hash in their names, so what is kept never
// ages; only the page itself is asked for anew, and taken from here where that fails.
/* global KEPT_FILES, KEPT_VERSION */
const name = `vrambudget-${KEPT_VERSION}`;

self.addEventListener("install", (event) => {
  self.skipWaiting();
  event.waitUntil(caches.open(name).then((cache) => cache.addAll(KEPT_FILES)));
});

self.addEventListener("activate", (event) => {
  const old = (key) => key.startsWith("vrambudget-") && key !== name;
  event.waitUntil(
    caches
      .keys()
      .then((keys) => Promise.all(keys.filter(old).map((key) => caches.delete(key))))
      .then(() => self.clients.claim()),
  );
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || new URL(request.url).origin !== self.location.origin) return;
  const kept = () => caches.match(request, { ignoreSearch: true });
  if (request.mode === "navigate")
    event.respondWith(
      fetch(request).catch(async () => (await kept()) ?? (await caches.match("./")) ?? Response.error()),
    );
  else event.respondWith(kept().then((found) => found ?? fetch(request)));
});
