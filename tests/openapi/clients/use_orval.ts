// SPDX-License-Identifier: MIT
import { useService } from "./at_service";
import {
  charge, check, checkBatch, latestDecisions, register, savePolicy, usage,
} from "./generated/orval";
import { must, NOWHERE, ROUTE, type Story } from "./story";

export async function use(origin: string): Promise<Story> {
  useService(origin, "");
  const app = await register({ name: "orval" });
  if (app.status !== 201) throw new Error(app.data.detail);
  useService(origin, app.data.api_key);

  const saved = await savePolicy({ route_key: ROUTE, limit: 1, window_seconds: 60 });
  if (saved.status !== 201) throw new Error(`${saved.status}`);
  const search = { user_id: "ada", route_key: ROUTE };
  const first = await check(search);
  const second = await check(search);
  const lost = await check({ user_id: "ada", route_key: NOWHERE });
  const wrong = await check({ ...search, cost: -1 });
  const batch = await checkBatch({ checks: [search, { ip: "192.0.2.7", route_key: NOWHERE }] });
  const logged = await latestDecisions({ limit: 2 });
  const counted = await usage();
  const back = await charge({ ...search, cost: -1 });
  const part = await check({
    ...search, cost: 9, partial: true, priority: "low", limit_overrides: { default: 3 },
  });

  if (first.status !== 200 || second.status !== 429) throw new Error("no decision");
  if (lost.status !== 404 || wrong.status !== 422) throw new Error("no problem");
  if (batch.status !== 200 || logged.status !== 200 || counted.status !== 200)
    throw new Error("no result");
  if (back.status !== 200 || part.status !== 200) throw new Error("no charge");
  // @ts-expect-error: 429 is a decision or a problem.
  second.data.reason;
  return {
    version: saved.data.policy.version,
    remaining: first.data.remaining,
    reason: must("allowed" in second.data && second.data.reason),
    problem: lost.data.type,
    pointer: wrong.data.errors?.[0]?.pointer,
    batch: batch.data.results.map((one) => ("allowed" in one ? one.reason : one.type)),
    logged: logged.data.map((entry) => entry.allowed),
    denied: counted.data.totals.denied,
    returned: back.data.remaining,
    granted: part.data.granted,
  };
}
