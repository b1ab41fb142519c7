// SPDX-License-Identifier: MIT
//
// What each client does, and what it must have understood: a limit of one search a minute, asked
// for twice, alone and in a batch; then given back, and asked for in part.

export const ROUTE = "/search";
export const NOWHERE = "/nowhere";

export type Story = {
  version: number;
  remaining: number | null;
  reason: string | null;
  problem: string;
  pointer: string | undefined;
  batch: (string | null)[];
  logged: boolean[];
  denied: number;
  returned: number | null;
  granted: number | undefined;
};

// What the client must have found in an answer.
export function must<T>(value: T | null | undefined | false): T {
  if (!value) throw new Error(`a client understood ${value}`);
  return value;
}
