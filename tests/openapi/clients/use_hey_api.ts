// SPDX-License-Identifier: MIT
import { createClient } from "./generated/hey_api/client";
import {
  charge, check, checkBatch, latestDecisions, register, savePolicy, usage,
} from "./generated/hey_api/sdk.gen";
import type { Check, CheckBatchResult, Policy } from "./generated/hey_api/types.gen";
import { must, NOWHERE, ROUTE, type Story } from "./story";

function said(result: CheckBatchResult): string | null {
  // @ts-expect-error: a problem has no reason.
  result.reason;
  return "allowed" in result ? result.reason : result.type;
}

export async function use(baseUrl: string): Promise<Story> {
  const stranger = createClient({ baseUrl });
  const app = must((await register({ client: stranger, body: { name: "hey" } })).data);
  const client = createClient({ baseUrl, auth: app.api_key });
  const ask = (body: Check) => check({ client, body });

  const policy: Policy = { route_key: ROUTE, limits: [{ rate: "1/m" }] };
  const saved = await savePolicy({ client, body: policy });
  const search: Check = { user_id: "ada", route_key: ROUTE };
  const first = await ask(search);
  const second = await ask(search);
  const lost = await ask({ user_id: "ada", route_key: NOWHERE });
  const wrong = await ask({ ...search, cost: -1 });
  const batch = await checkBatch({
    client,
    body: { checks: [search, { ip: "192.0.2.7", route_key: NOWHERE }] },
  });
  const logged = await latestDecisions({ client, query: { limit: 2 } });
  const counted = await usage({ client });
  const back = await charge({ client, body: { ...search, cost: -1 } });
  const part = await ask({
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
