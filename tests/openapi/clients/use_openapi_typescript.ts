// SPDX-License-Identifier: MIT
import createClient from "openapi-fetch";

import type { components, paths } from "./generated/openapi_typescript";
import { must, NOWHERE, ROUTE, type Story } from "./story";

type Schemas = components["schemas"];

function said(result: Schemas["CheckBatchResult"]): string | null {
  // @ts-expect-error: a problem has no reason.
  result.reason;
  return "allowed" in result ? result.reason : result.type;
}

export async function use(baseUrl: string): Promise<Story> {
  const stranger = createClient<paths>({ baseUrl });
  const app = must((await stranger.POST("/register", { body: { name: "types" } })).data);
  const client = createClient<paths>({ baseUrl, headers: { "X-API-Key": app.api_key } });
  const check = (body: Schemas["Check"]) => client.POST("/check", { body });

  const policy: Schemas["Policy"] = { route_key: ROUTE, rate: "1/m", algorithm: "fixed_window" };
  const saved = await client.POST("/policy", { body: policy });
  const search = { user_id: "ada", route_key: ROUTE };
  const first = await check(search);
  const second = await check(search);
  const lost = await check({ user_id: "ada", route_key: NOWHERE });
  const wrong = await check({ ...search, cost: -1 });
  const batch = await client.POST("/check/batch", {
    body: { checks: [search, { ip: "192.0.2.7", route_key: NOWHERE }] },
  });
  const logged = await client.GET("/logs/latest", { params: { query: { limit: 2 } } });
  const counted = await client.GET("/usage");
  const back = await client.POST("/charge", { body: { ...search, cost: -1 } });
  const part = await check({
    ...search, cost: 9, partial: true, priority: "low", limit_overrides: { default: 3 },
  });

  return {
    version: must(saved.data).policy.version,
    remaining: must(first.data).remaining,
    reason: must(second.error && "allowed" in second.error && second.error.reason),
    problem: must(lost.error && "type" in lost.error && lost.error.type),
    pointer: must(wrong.error && "errors" in wrong.error && wrong.error.errors)[0]?.pointer,
    batch: must(batch.data).results.map(said),
    logged: must(logged.data).map((entry) => entry.allowed),
    denied: must(counted.data).totals.denied,
    returned: must(back.data).remaining,
    granted: must(part.data).granted,
  };
}
