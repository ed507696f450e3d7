import type { ILock } from "../../contracts";
import type { Bench } from "../bench";
import { LONG_TTL, SHORT_TTL } from "../key-state";
import { until } from "../patience";

/** How the fences of a key grow. */
export function testFence({ expect, test, describe, set, subject }: Bench): void {
  describe("fence", () => {
    test("is null before a grant and after a release", async () => {
      const { lock } = await set();
      expect(lock.fence).toBe(null);
      await lock.acquire();
      expect(typeof lock.fence).toBe("bigint");
      await lock.release();
      expect(lock.fence).toBe(null);
    });

    test("stays with the holder when another is refused", async () => {
      const { lock, rival } = await set();
      await lock.acquire();
      const { fence } = lock;
      await rival.acquire();
      await lock.refresh();
      expect(lock.fence).toBe(fence);
      expect(rival.fence).toBe(null);
    });

    const ends: readonly [string, (holder: ILock) => PromiseLike<unknown>][] = [
      ["is released", (holder) => holder.release()],
      ["is released by force", (holder) => holder.forceRelease()],
      [
        "expires",
        async (holder) => {
          await holder.refresh(SHORT_TTL);
          await until(() => holder.isExpired(), "a lease of a few milliseconds was over");
        },
      ],
    ];
    for (const [end, endLease] of ends) {
      test(`grows when the key ${end} and another acquires it`, async () => {
        const { key } = await set();
        const { lockProvider, otherLockProvider } = subject();
        const first = lockProvider.create(key, { ttl: LONG_TTL });
        const second = otherLockProvider.create(key, { ttl: LONG_TTL });
        await first.acquire();
        const fence = first.fence ?? 0n;
        await endLease(first);
        expect(await second.acquire()).toBe(true);
        expect((second.fence ?? 0n) > fence).toBe(true);
      });
    }
  });
}
