// Requests that reach the server, and whose replies do not come back before the connection is reset.

import { randomUUID } from "node:crypto";
import { describe, type TestContext, test } from "vitest";
import { type Lock, LockProvider } from "../../ts/lock";
import { AmbiguousLockError, LockAdapterError } from "../../ts/lock/contracts";
import { Namespace, TimeSpan } from "../../ts/utilities";
import { NETWORKED } from "./databases";
import { eventually } from "./eventually";
import { Network } from "./network";

const patience = { timeout: 120_000 };

/** A lock behind a network that fails, and the same key as it is seen by a process that is not cut off. */
class Scene {
  private constructor(
    readonly network: Network,
    readonly lock: Lock,
    readonly witness: Lock,
    private readonly providers: readonly LockProvider[],
  ) {}

  static async over(url: string, { onTestFinished }: TestContext): Promise<Scene> {
    const network = await Network.to(url, onTestFinished);
    const namespace = new Namespace(randomUUID());
    const defaultTtl = TimeSpan.fromMinutes(10);
    const near = new LockProvider({ adapter: network.url, namespace, defaultTtl });
    const far = new LockProvider({ adapter: url, namespace, defaultTtl });
    const scene = new Scene(network, near.create("key"), far.create("key"), [near, far]);
    // Both are connected, tables are made, and statements are prepared, which takes a reply of its own.
    for (const lock of [scene.lock, scene.witness]) {
      await lock.acquireOrFail();
      await lock.refreshOrFail();
      await lock.isLocked();
      await lock.releaseOrFail();
    }
    return scene;
  }

  async isHeld(): Promise<boolean> {
    return this.witness.isLocked();
  }

  /** From here on all is well again. */
  heal(): void {
    this.network.be("open");
    this.network.cut();
  }

  /** What an acquire fails with that is granted, and can neither be answered nor be looked up: new connections are refused. */
  async acquireUnsettled(): Promise<unknown> {
    this.network.be("replies are swallowed");
    const acquired = failureOf(this.lock.acquire());
    await eventually(() => this.isHeld());
    this.network.refuse(true);
    this.heal();
    return acquired;
  }

  async end(): Promise<void> {
    await Promise.all(this.providers.map((provider) => provider.close()));
  }
}

async function failureOf(asked: PromiseLike<unknown>): Promise<unknown> {
  return asked.then(
    (answer) => `it was answered ${answer}`,
    (error: unknown) => error,
  );
}

describe.concurrent.for(NETWORKED)("over $name", patience, (database) => {
  test("an acquire whose reply is lost is granted what the database granted", async (context) => {
    const { expect, onTestFinished } = context;
    const scene = await Scene.over(database.url(onTestFinished), context);
    scene.network.be("replies are swallowed");
    const acquired = scene.lock.acquire().then((answer) => answer);
    await eventually(() => scene.isHeld());
    scene.heal();
    expect(await acquired).toBe(true);
    const state = await scene.witness.getState();
    expect(state).toMatchObject({ type: "UNAVAILABLE", owner: scene.lock.id });
    expect(await scene.lock.release()).toBe(true);
    expect(await scene.isHeld()).toBe(false);
    await scene.end();
  });

  test("an acquire whose reply is lost is refused when another has the key", async (context) => {
    const scene = await Scene.over(database.url(context.onTestFinished), context);
    await scene.witness.acquireOrFail();
    scene.network.be("replies are swallowed");
    const acquired = scene.lock.acquire().then((answer) => answer);
    setTimeout(() => scene.heal(), 200);
    context.expect(await acquired).toBe(false);
    await scene.witness.releaseOrFail();
    await scene.end();
  });

  test("a refresh whose reply is lost is answered by what the database says", async (context) => {
    const scene = await Scene.over(database.url(context.onTestFinished), context);
    await scene.lock.acquireOrFail();
    scene.network.be("replies are swallowed");
    const refreshed = scene.lock.refresh(TimeSpan.fromHours(1)).then((answer) => answer);
    await eventually(async () => {
      const left = await scene.witness.getRemainingTime();
      return left !== null && left.toMinutes() > 30;
    });
    scene.heal();
    context.expect(await refreshed).toBe(true);
    await scene.lock.releaseOrFail();
    await scene.end();
  });

  test("a release whose reply is lost is never answered by a guess, and nothing stays held", async (context) => {
    const scene = await Scene.over(database.url(context.onTestFinished), context);
    await scene.lock.acquireOrFail();
    scene.network.be("replies are swallowed");
    const released = failureOf(scene.lock.release());
    await eventually(async () => !(await scene.isHeld()));
    scene.heal();
    context.expect(await released).toBeInstanceOf(AmbiguousLockError);
    context.expect(await scene.lock.release()).toBe(false);
    context.expect(await scene.witness.acquire()).toBe(true);
    await scene.witness.releaseOrFail();
    await scene.end();
  });

  test("what never reached the server is done when the network is back", async (context) => {
    const { expect } = context;
    const scene = await Scene.over(database.url(context.onTestFinished), context);
    const through = async (ask: () => PromiseLike<boolean>) => {
      scene.network.be("requests are swallowed");
      const answer = ask().then((value) => value);
      setTimeout(() => scene.heal(), 200);
      return answer;
    };
    expect(await through(() => scene.lock.acquire())).toBe(true);
    expect(await through(() => scene.lock.refresh(TimeSpan.fromHours(1)))).toBe(true);
    expect(await through(() => scene.lock.release())).toBe(true);
    expect(await scene.isHeld()).toBe(false);
    await scene.end();
  });

  test("an acquire that cannot be settled is an error, and what it was granted is given back", async (context) => {
    const { expect } = context;
    const scene = await Scene.over(database.url(context.onTestFinished), context);
    expect(await scene.acquireUnsettled()).toBeInstanceOf(AmbiguousLockError);
    expect(await scene.isHeld()).toBe(true);
    scene.network.refuse(false);
    await eventually(async () => !(await scene.isHeld()));
    await scene.end();
  });

  test("an acquire that cannot be settled and is asked for again is granted what it was granted", async (context) => {
    const { expect } = context;
    const scene = await Scene.over(database.url(context.onTestFinished), context);
    expect(await scene.acquireUnsettled()).toBeInstanceOf(AmbiguousLockError);
    // Each of them ends what would give it back.
    expect(await failureOf(scene.lock.acquire())).toBeInstanceOf(LockAdapterError);
    scene.network.refuse(false);
    await eventually(() =>
      scene.lock.acquire().then(
        (answer) => answer,
        () => false,
      ),
    );
    expect(await scene.witness.getState()).toMatchObject({ owner: scene.lock.id });
    expect(await scene.lock.release()).toBe(true);
    expect(await scene.isHeld()).toBe(false);
    await scene.end();
  });
});
