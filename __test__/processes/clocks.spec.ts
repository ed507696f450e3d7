// The clock of the database is the only one that counts: processes an hour ahead and an hour behind agree on who holds
// what, and for how long.

import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { Child } from "./child";
import { racingAdapters } from "./racing-adapters.mjs";

const HOUR = 3_600_000;
const LONG = 600_000;

test.each(Object.keys(racingAdapters))(
  "clocks of clients that are off change nothing over %s",
  {
    timeout: 120_000,
  },
  async (name) => {
    const tableName = `lock_${randomUUID().replaceAll("-", "")}`;
    const children = [HOUR, -HOUR].map(
      (shift) => new Child("clocked.mjs", [name, tableName, String(shift)], { talks: true }),
    );
    const [ahead, behind] = children as [Child, Child];
    const ask = (child: Child, verb: string, rest: object = {}) => {
      child.tell({ verb, key: "k", owner: child === ahead ? "ahead" : "behind", ...rest });
      return child.hear();
    };
    expect(await Promise.all(children.map((child) => child.hear()))).toEqual(["ready", "ready"]);

    for (const [holder, other] of [
      [ahead, behind],
      [behind, ahead],
    ] as const) {
      expect(await ask(holder, "acquire", { ttl: LONG })).toBe(true);
      expect(await ask(other, "acquire", { ttl: LONG })).toBe(false);
      for (const child of children) {
        await ask(child, "removeAllExpired");
        const remaining = (await ask(child, "remaining")) as number;
        expect(Math.abs(remaining - LONG)).toBeLessThan(60_000);
      }
      expect(await ask(other, "refresh", { ttl: LONG })).not.toBe(await ask(holder, "refresh", { ttl: LONG }));
      expect(await ask(other, "release")).toBe(false);
      expect(await ask(holder, "refresh", { ttl: 1 })).not.toBeUndefined();
      await expect.poll(() => ask(other, "acquire", { ttl: LONG }), { timeout: 30_000 }).toBe(true);
      expect(await ask(holder, "release")).toBe(false);
      expect(await ask(other, "release")).toBe(true);
    }

    const adapter = racingAdapters[name]?.(tableName);
    await adapter?.deInit();
    await adapter?.close();
    await Promise.all(children.map((child) => child.dismiss()));
  },
);
