import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import type { MysqlLockAdapter, PostgresLockAdapter } from "../../ts/lock/adapters";
import { TimeSpan } from "../../ts/utilities";
import { nextFence } from "./outage";

const HOUR = 3_600_000;

/** When summer time is to end, in seconds since the epoch: late enough to be set up before. */
export function soon(): number {
  return Math.ceil(Date.now() / 1_000) + 20;
}

/**
 * Holds locks while the clock on the wall of the server goes back by an hour.
 *
 * @param adapter has its first connection made here
 * @param end when that is, as {@link soon} says
 * @param ahead asks the server how many seconds its local time is ahead of universal time
 */
export async function expectNothingToChange(
  adapter: MysqlLockAdapter | PostgresLockAdapter,
  end: number,
  ahead: () => Promise<number>,
): Promise<void> {
  const long = TimeSpan.fromMilliseconds(3 * HOUR);
  const toTheEnd = end * 1_000 - Date.now();
  expect(await adapter.acquire("long", "me", long)).toBe(true);
  expect(await adapter.acquire("short", "me", TimeSpan.fromMilliseconds(toTheEnd + 1_000))).toBe(true);
  const fence = await nextFence(adapter, "fence");
  expect(await ahead()).toBe(3_600);
  expect(Date.now()).toBeLessThan(end * 1_000);

  await sleep(toTheEnd);
  await expect.poll(ahead, { timeout: 30_000 }).toBe(0);
  const state = await adapter.getState("long");
  expect(Math.abs((state?.expiration?.getTime() ?? 0) - Date.now() - 3 * HOUR)).toBeLessThan(60_000);
  expect(await adapter.acquire("long", "they", long)).toBe(false);
  expect(await nextFence(adapter, "fence")).toBeGreaterThan(fence);
  await expect.poll(() => adapter.acquire("short", "they", long), { timeout: 30_000 }).toBe(true);
  expect(await adapter.refresh("long", "me", long)).toBe("refreshed");
  expect(await adapter.release("long", "me")).toBe(true);
}
