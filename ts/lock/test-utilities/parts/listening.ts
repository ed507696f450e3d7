import { type LeaseLockEvent, LOCK_EVENTS } from "../../contracts";
import type { Bench } from "../bench";
import { until } from "../patience";
import type { Scene } from "../scene";

const { ACQUIRED } = LOCK_EVENTS;

/** How the provider lets its events be heard. Which there are is tested with what they tell of. */
export function testListening({ expect, test, describe, set }: Bench): void {
  describe("listening", () => {
    test("addListener hears every event of the name until removeListener", async () => {
      const scene = await set();
      const { heard, listener } = ear();
      await scene.subject.lockProvider.addListener(ACQUIRED, listener);
      await acquireTwice(scene);
      expect(heard).toEqual(["asker", "asker"]);
      await scene.subject.lockProvider.removeListener(ACQUIRED, listener);
      await acquireTwice(scene);
      expect(heard).toEqual(["asker", "asker"]);
    });

    test("addListener takes an object with invoke", async () => {
      const scene = await set();
      const { heard, listener } = ear();
      await scene.subject.lockProvider.addListener(ACQUIRED, { invoke: listener });
      await acquireTwice(scene);
      expect(heard).toEqual(["asker", "asker"]);
    });

    test("listenOnce hears the next event only", async () => {
      const scene = await set();
      const { heard, listener } = ear();
      await scene.subject.lockProvider.listenOnce(ACQUIRED, listener);
      await acquireTwice(scene);
      expect(heard).toEqual(["asker"]);
    });

    test("asPromise answers the next event", async () => {
      const scene = await set();
      const next = scene.subject.lockProvider.asPromise(ACQUIRED);
      next.defer();
      await acquireTwice(scene);
      expect((await next).key).toBe(scene.key);
    });

    test("subscribe hears every event until it is ended", async () => {
      const scene = await set();
      const { heard, listener } = ear();
      const unsubscribe = await scene.subject.lockProvider.subscribe(ACQUIRED, listener);
      await acquireTwice(scene);
      await unsubscribe();
      await acquireTwice(scene);
      expect(heard).toEqual(["asker", "asker"]);
    });

    test("subscribeOnce hears the next event only, and none if it is ended before", async () => {
      const scene = await set();
      const { heard, listener } = ear();
      await scene.subject.lockProvider.subscribeOnce(ACQUIRED, listener);
      await acquireTwice(scene);
      const unsubscribe = await scene.subject.lockProvider.subscribeOnce(ACQUIRED, ear(heard).listener);
      await unsubscribe();
      await acquireTwice(scene);
      expect(heard).toEqual(["asker"]);
    });

    test("begins when it is awaited or deferred", async () => {
      const scene = await set();
      const { heard, listener } = ear();
      const listening = scene.subject.lockProvider.addListener(ACQUIRED, listener);
      await acquireTwice(scene);
      expect(heard).toEqual([]);
      listening.defer();
      await until(async () => {
        await acquireTwice(scene);
        return heard.length > 0;
      }, "an event was heard");
    });

    test("does no harm to the lock if a listener throws", async () => {
      const { lock, subject } = await set();
      await subject.lockProvider.addListener(ACQUIRED, () => {
        throw new Error("of the listener");
      });
      await subject.lockProvider.addListener(ACQUIRED, async () => {
        throw new Error("of an asynchronous listener");
      });
      const { heard, listener } = ear();
      await subject.lockProvider.addListener(ACQUIRED, listener);
      expect(await lock.acquire()).toBe(true);
      expect(heard).toEqual(["asker"]);
    });
  });
}

/** A listener, and the owners it heard of. */
function ear(heard: string[] = []) {
  return {
    heard,
    listener: (event: LeaseLockEvent): void => {
      heard.push(event.owner);
    },
  };
}

async function acquireTwice({ lock }: Scene): Promise<void> {
  for (let time = 0; time < 2; time += 1) {
    await lock.acquire();
    await lock.release();
  }
}
