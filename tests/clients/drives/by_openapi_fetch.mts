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

seen.codes = given(await service.GET("/api/dashboard/code-tags")).codes.map((code) => code.code);
const subscription = given(await service.GET("/api/billing/subscription"));
seen.subscription = [subscription.plan, subscription.pending];
const stranger = await open.GET("/api/billing/subscription", { headers: { Authorization: `Token ${"0".repeat(64)}` } });
seen.stranger = stranger.error?.code;
console.log(JSON.stringify(seen));
