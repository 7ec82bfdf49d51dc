// Keeps the page's own files, so that it works without a connection. build.sh puts the version in, which is a
// digest of the files.
const CACHE = "faceveil-VERSION";
const FILES = [
  "./", "app.js", "background.js", "faceveil.wasm", "icon.svg", "index.js",
  "manifest.webmanifest", "style.css", "worker.js",
];

addEventListener("install", (event) => {
  skipWaiting();
  event.waitUntil(
    caches.open(CACHE).then((cache) =>
      cache.addAll(FILES.map((file) => new Request(file, { cache: "no-cache" }))),
    ),
  );
});

addEventListener("activate", (event) => {
  const drop = async () => {
    const old = (await caches.keys()).filter((name) => name !== CACHE);
    await Promise.all(old.filter((name) => name.startsWith("faceveil-")).map((n) => caches.delete(n)));
    await clients.claim();
  };
  event.waitUntil(drop());
});

addEventListener("fetch", (event) => {
  if (event.request.method !== "GET") return;
  const answer = async () => {
    const cache = await caches.open(CACHE);
    const kept = await cache.match(event.request, { ignoreSearch: true });
    return kept ?? fetch(event.request);
  };
  event.respondWith(answer());
});
