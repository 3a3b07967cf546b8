// The same by openapi-fetch with the types that openapi-typescript made; tsc checks it with --strict.
import createClient from "openapi-fetch";
import type { components, paths } from "./count_client.d.ts";

declare const process: { env: Record<string, string> };

const { SITE, TOKEN, BROWSER } = process.env;
const open = createClient<paths>({ baseUrl: SITE, headers: { "User-Agent": BROWSER } });
const service = createClient<paths>({ baseUrl: SITE, headers: { Authorization: `Token ${TOKEN}` } });
const seen: Record<string, unknown> = {};

function given<T>(answer: { data?: T; error?: unknown }): T {
  if (answer.data === undefined) throw new Error(JSON.stringify(answer.error));
  return answer.data;
}

const spend = (amount: number, reason: string, key?: string) =>
  service.POST("/api/tokens/spend", {
    body: { amount, reason },
    params: { header: key ? { "Idempotency-Key": key } : {} },
  });

type VisitReason = components["schemas"]["VisitReason"];
const visit = async (): Promise<VisitReason> => given(await open.POST("/api/stats/visit")).reason;

seen.currency = given(await open.GET("/api/stats")).currency;
seen.visit = [await visit(), await visit()];
// JSON, or the bytes of a picture for who asks for one.
const hit = given(await open.GET("/api/analytics/qr", { params: { query: { code: "DEMO" } } }));
seen.hit = typeof hit === "string" ? hit : hit.code;

const key = crypto.randomUUID();
const spends = [given(await spend(3, "article", key)), given(await spend(3, "article", key))];
seen.spent = spends.map((one) => one.spent);
seen.once = spends[0].transaction_id === spends[1].transaction_id;

const conflict = await spend(4, "x", key);
if (conflict.error?.code !== "idempotency_conflict") throw new Error(JSON.stringify(conflict));
const typed: components["schemas"]["IdempotencyConflictError"] = conflict.error;
seen.conflict = typed.code;

const poor = await spend(10 ** 9, "article");
if (poor.error?.code !== "insufficient_tokens") throw new Error(JSON.stringify(poor));
seen.too_few = [poor.error.code, poor.error.required, poor.error.success];

const wrong = await spend(0, "article");
if (wrong.error?.code !== "invalid_input") throw new Error(JSON.stringify(wrong));
seen.wrong = [wrong.error.code, Object.keys(wrong.error.errors)];

const hold = given(
  await service.POST("/api/tokens/holds", { body: { amount: 10, ttl_seconds: 60, reason: "image" } }),
);
const capture = await service.POST("/api/tokens/holds/{hold_id}/capture", {
  params: { path: { hold_id: hold.id } },
  body: { amount: 7 },
});
seen.captured = given(capture).captured;
seen.mood = given(await service.PATCH("/api/mood", { body: { score: 8.5 } })).mood_score;

const amounts: number[] = [];
let before: string | undefined;
do {
  const query = before ? { limit: 2, before } : { limit: 2 };
  const page = given(await service.GET("/api/tokens/transactions", { params: { query } }));
  amounts.push(...page.results.map((entry) => entry.amount));
  before = page.next ?? undefined;
} while (before);
seen.amounts = amounts;

seen.codes = given(await service.GET("/api/dashboard/code-tags")).codes.map((code) => code.code).slice(0, 1);
const subscription = given(await service.GET("/api/billing/subscription"));
seen.subscription = [subscription.plan, subscription.pending];
const stranger = await open.GET("/api/billing/subscription", { headers: { Authorization: `Token ${"0".repeat(64)}` } });
seen.stranger = stranger.error?.code;

const order = { beneficiary: "Zoë", iban: "DE89370400440532013000", amount_cents: 1250 };
const code = given(await open.POST("/api/payment-codes", { body: order }));
// JSON, or a picture for who asks for one.
if (typeof code === "string") throw new Error(code);
const lines = code.payload.split("\n");
seen.payment = [lines[0], lines[7], code.svg.startsWith("<svg")];
const unpayable = await open.POST("/api/payment-codes", { body: { ...order, iban: "DE89370400440532013001" } });
if (unpayable.error?.code !== "invalid_input") throw new Error(JSON.stringify(unpayable));
seen.unpayable = [unpayable.error.code, Object.keys(unpayable.error.errors)];
const history = given(await open.GET("/api/stats/history", { params: { query: { days: 7 } } }));
if (typeof history === "string") throw new Error(history);
seen.history = [history.days.length, history.days[0].visitors];
const noDays = await open.GET("/api/stats/history", { params: { query: { days: 0 } } });
if (noDays.error?.code !== "invalid_input") throw new Error(JSON.stringify(noDays));
seen.no_days = [noDays.error.code, Object.keys(noDays.error.errors)];

const made = given(await service.POST("/api/code-tags", { body: { label: "Poster" } }));
const path = { code: made.code };
const changed = given(await service.PATCH("/api/code-tags/{code}", { params: { path }, body: { label: "Flyer" } }));
const read = given(await service.GET("/api/code-tags/{code}", { params: { path } }));
const registry = given(await service.GET("/api/code-tags", { params: { query: { limit: 100 } } }));
seen.registered = [changed.label, read.label, registry.codes.some((one) => one.code === made.code)];
const twice = await service.POST("/api/code-tags", { body: { code: made.code, label: "Poster" } });
seen.twice = twice.error?.code;
const none = await service.GET("/api/code-tags/{code}", { params: { path: { code: "NONE" } } });
seen.unregistered = none.error?.code;
const sendCsv = async (body: string) =>
  given(
    await service.POST("/api/code-tags/import", {
      body,
      bodySerializer: (text) => text,
      headers: { "Content-Type": "text/csv" },
    }),
  );
const imported = await sendCsv(`code,label\n${made.code},Leaflet\n`);
const wrongRows = await sendCsv("code,label\n!,Leaflet\n");
seen.imported = [imported.created, imported.updated, wrongRows.errors.map((one) => one.row)];
console.log(JSON.stringify(seen));
