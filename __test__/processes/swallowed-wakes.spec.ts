// A network that swallows what a database says of its own accord, and nothing else: nobody is woken by a release, and
// nobody is told so.

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { describe, type TestContext, test } from "vitest";
import { LockProvider } from "../../ts/lock";
import { TimeSpan } from "../../ts/utilities";
import { eventually } from "../faults/eventually";
import { Network } from "../faults/network";
import { type BackendAdapter, DATABASES, openAt, type Place } from "../lock/backends";
import { Child } from "./child";
import { makeFolder } from "./folder";

/** Those that tell of releases over a network. */
const TELLING = ["Redis", "PostgreSQL", "MongoDB"];
const patience = { timeout: 180_000 };
const hours = TimeSpan.fromHours(10);

/** A key that is held by somebody who is near the database, and the network to those who are not. */
class Scene {
  private readonly adapters: BackendAdapter[] = [];

  private constructor(
    private readonly place: Place,
    readonly network: Network,
  ) {}

  static async over(database: string, { onTestFinished }: TestContext): Promise<Scene> {
    const place = DATABASES[database]?.() as Place;
    const network = await Network.to(String(place.settings.url), onTestFinished, { tellsNotifications: true });
    const scene = new Scene(place, network);
    onTestFinished(async () => {
      await Promise.all(scene.adapters.map((adapter) => adapter.close()));
    });
    return scene;
  }

  get farPlace(): Place {
    return { ...this.place, settings: { ...this.place.settings, url: this.network.url } };
  }

  near(): LockProvider {
    return providerOver(this.open(this.place));
  }

  private open(place: Place): BackendAdapter {
    const adapter = openAt(place);
    this.adapters.push(adapter);
    return adapter;
  }

  /** Somebody who is not near. Keys are released until it is told of one, so that whatever tells is there. */
  async listen(): Promise<LockProvider> {
    const holder = this.near().create("another key");
    // On a busy machine it may take longer to listen; and one that was slow about it does not try again for minutes.
    for (let pauseMs = 200; ; pauseMs *= 2) {
      const { told } = this.network.notifications;
      const adapter = this.open(this.farPlace);
      const provider = providerOver(adapter);
      await holder.acquireOrFail();
      const waiter = provider.create("another key");
      const waiting = waiter.acquireBlocking({ time: hours, interval: TimeSpan.fromSeconds(1) }).then(() => undefined);
      await setTimeout(pauseMs);
      await holder.releaseOrFail();
      await waiting;
      await waiter.releaseOrFail();
      if (this.network.notifications.told > told) {
        return provider;
      }
      await adapter.close();
    }
  }
}

function providerOver(adapter: BackendAdapter): LockProvider {
  return new LockProvider({ adapter, defaultTtl: null });
}

describe.concurrent.for(TELLING)("notifications of %s that are swallowed", patience, (database) => {
  test("are made up for by the interval", async (context) => {
    const scene = await Scene.over(database, context);
    const provider = await scene.listen();
    scene.network.be("notifications are swallowed");
    const holder = scene.near().create("key");
    await holder.acquireOrFail();
    const interval = TimeSpan.fromMilliseconds(500);
    const waiting = provider
      .create("key")
      .acquireBlocking({ time: hours, interval })
      .then((answer) => answer);
    await setTimeout(2_000);
    await holder.releaseOrFail();
    context.expect(await waiting).toBe(true);
    await eventually(() => scene.network.notifications.swallowed > 0);
  });

  test("are made up for by the end of the lease, however long the interval is", async (context) => {
    const { expect } = context;
    const scene = await Scene.over(database, context);
    const provider = await scene.listen();
    scene.network.be("notifications are swallowed");
    const ttl = 2_000;
    const asked = performance.now();
    await scene
      .near()
      .create("key", { ttl: TimeSpan.fromMilliseconds(ttl) })
      .acquireOrFail();
    expect(await provider.create("key").acquireBlocking({ time: hours, interval: hours })).toBe(true);
    // Leases are judged by a clock that tells the time of day, which runs a little off the other.
    expect(performance.now() - asked).toBeGreaterThan(ttl - 50);
  });

  test("cost those of several processes no turn, and none is in twice", async (context) => {
    const { expect, onTestFinished } = context;
    const scene = await Scene.over(database, context);
    const file = join(makeFolder(onTestFinished), "count");
    await writeFile(file, "0");
    const settings = { talks: true, onTestFinished };
    const children = Array.from(
      { length: 3 },
      () => new Child("waiter.mjs", [JSON.stringify(scene.farPlace)], settings),
    );
    for (const child of children) {
      expect(await child.hear()).toBe("ready");
    }
    // The others may do without, if it takes them too long to listen.
    const listener = (await scene.listen()).create("key");
    const holder = scene.near().create("key");
    await holder.acquireOrFail();
    const heard = listener
      .acquireBlocking({ time: hours, interval: TimeSpan.fromSeconds(1) })
      .then(() => listener.releaseOrFail());
    for (const child of children) {
      child.tell(["count", file, 4, 10, 100]);
      expect(await child.hear()).toBe("waiting");
    }
    // They listen by then, or do so without hearing.
    await setTimeout(1_000);
    scene.network.be("notifications are swallowed");
    await holder.releaseOrFail();
    for (const child of children) {
      expect(await child.hear()).toBe(40);
    }
    await heard;
    expect(await readFile(file, "utf8")).toBe("120");
    expect(await holder.isLocked()).toBe(false);
    expect(scene.network.notifications.swallowed).toBeGreaterThan(0);
    await Promise.all(children.map((child) => child.dismiss()));
  });
});
