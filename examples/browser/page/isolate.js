// A service worker. Threads need two headers that a server of plain files seldom sends; it adds them to every file.

addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => event.waitUntil(clients.claim()));
addEventListener("fetch", (event) => {
    event.respondWith(
        fetch(event.request).then(({ status, statusText, headers, body }) => {
            const isolated = new Headers(headers);
            isolated.set("Cross-Origin-Opener-Policy", "same-origin");
            isolated.set("Cross-Origin-Embedder-Policy", "require-corp");
            return new Response(body, { status, statusText, headers: isolated });
        }),
    );
});
