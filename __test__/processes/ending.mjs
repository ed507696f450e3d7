// Does what the first argument names, over the adapter that the second is the URL of, and then has nothing more to do.

import { EventBus, LockProvider, MemoryEventBusAdapter, SqliteLockAdapter, TimeSpan } from "holdfast";

const [scenario = "", url = ""] = process.argv.slice(2);
const KEY = "key";
const LONG = TimeSpan.fromHours(1);

/** @type {Record<string, () => Promise<void>>} */
const scenarios = {
  async "a lock that is released"() {
    const lock = new LockProvider({ adapter: url }).create(KEY);
    await lock.acquireOrFail();
    await lock.releaseOrFail();
  },

  async "a lock that is held with a long ttl"() {
    await new LockProvider({ adapter: url }).create(KEY, { ttl: LONG }).acquireOrFail();
  },

  async "a lock that is held without an end"() {
    await new LockProvider({ adapter: url }).create(KEY, { ttl: null }).acquireOrFail();
  },

  async "listeners, and a promise of an event that never comes"() {
    const provider = new LockProvider({ adapter: url });
    await provider.addListener("ACQUIRED", () => undefined);
    await provider.subscribe("UNEXPECTED_ERROR", () => undefined);
    provider.asPromise("FORCE_RELEASED").defer();
    await provider.create(KEY).acquireOrFail();
  },

  async "an adapter that is never closed"() {
    const adapter = adapterOf(url);
    await adapter.init();
    await new LockProvider({ adapter }).create(KEY).acquireOrFail();
    await adapter.removeAllExpired();
  },

  async "an adapter that is closed"() {
    const adapter = adapterOf(url);
    await new LockProvider({ adapter }).create(KEY).acquireOrFail();
    await adapter.close();
  },

  async "answers that nobody waits for"() {
    const provider = new LockProvider({ adapter: url });
    for (let number = 0; number < 1000; number += 1) {
      provider.create(`${KEY} ${number}`).acquire().defer();
    }
  },

  async "an event bus that rejects"() {
    await useAll(busThat(() => Promise.reject(new Error("down"))));
  },

  async "an event bus that throws"() {
    await useAll(
      busThat(() => {
        throw new Error("down");
      }),
    );
  },

  async "an event bus that cannot tell who listens"() {
    const bus = busOver(new MemoryEventBusAdapter());
    bus.hasListeners = () => {
      throw new Error("down");
    };
    await useAll(bus);
  },

  async "listeners that throw and reject"() {
    const bus = busOver(new MemoryEventBusAdapter());
    for (const name of /** @type {const} */ (["ACQUIRED", "UNAVAILABLE", "RELEASED", "REFRESHED"])) {
      await bus.addListener(name, () => {
        throw new Error("thrown by a listener");
      });
      await bus.addListener(name, () => Promise.reject(new Error("rejected by a listener")));
    }
    await useAll(bus);
  },

  async "a wait that is granted"() {
    const provider = new LockProvider({ adapter: url });
    await provider.create(KEY, { ttl: TimeSpan.fromMilliseconds(500) }).acquireOrFail();
    // Not awaited here: it is for the wait itself to keep the process.
    provider
      .create(KEY)
      .acquireBlocking({ time: LONG, interval: TimeSpan.fromMilliseconds(100) })
      .then(print);
  },

  async "a wait whose time is over"() {
    const provider = new LockProvider({ adapter: url });
    await provider.create(KEY, { ttl: null }).acquireOrFail();
    const settings = { time: TimeSpan.fromMilliseconds(500), interval: TimeSpan.fromMilliseconds(100) };
    provider.create(KEY).acquireBlocking(settings).then(print);
  },
};

const run = scenarios[scenario];
if (run === undefined) {
  throw new Error(`There is no scenario "${scenario}"`);
}
await run();

/** @param {string} sqliteUrl */
function adapterOf(sqliteUrl) {
  return new SqliteLockAdapter({ url: sqliteUrl });
}

/** @param {() => Promise<void>} send */
function busThat(send) {
  const adapter = new MemoryEventBusAdapter();
  adapter.dispatch = send;
  adapter.hasListeners = () => true;
  return busOver(adapter);
}

/**
 * @param {MemoryEventBusAdapter} adapter
 * @returns {EventBus<import("holdfast").LockEventMap>}
 */
function busOver(adapter) {
  return new EventBus({ adapter });
}

/**
 * Every verb answers as if nobody listened.
 *
 * @param {EventBus<import("holdfast").LockEventMap>} eventBus
 */
async function useAll(eventBus) {
  const provider = new LockProvider({ adapter: url, eventBus });
  const [mine, other] = [provider.create(KEY), provider.create(KEY)];
  await mine.acquireOrFail();
  const answers = [
    await other.acquire(),
    await other.refresh(),
    await other.release(),
    await mine.refresh(LONG),
    await mine.release(),
    await mine.forceRelease(),
  ];
  if (answers.join() !== "false,false,false,true,true,false") {
    throw new Error(`The answers were ${answers}`);
  }
}

/** @param {unknown} value */
function print(value) {
  console.log(value);
}
