// SPDX-License-Identifier: MIT
//
// How orval's client reaches the service.

let origin = "";
let key = "";

export function useService(itsOrigin: string, itsKey: string): void {
  origin = itsOrigin;
  key = itsKey;
}

export async function atService<T>(path: string, options: RequestInit): Promise<T> {
  const headers = { ...options.headers, ...(key ? { "X-API-Key": key } : {}) };
  const answer = await fetch(origin + path, { ...options, headers });

  return { status: answer.status, data: await answer.json(), headers: answer.headers } as T;
}
