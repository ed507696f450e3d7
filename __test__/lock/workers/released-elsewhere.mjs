// A process that is sent locks in messages and releases them.

import { LockProvider, Serde, SuperJsonSerdeAdapter } from "holdfast";

const serde = new Serde(new SuperJsonSerdeAdapter());
new LockProvider({ adapter: process.argv[2] ?? "", serde });

process.on("message", async (text) => {
  /** @type {import("holdfast").ILock} */
  const lock = serde.deserialize(String(text));
  process.send?.([await lock.refresh(), await lock.release(), await lock.release()]);
});
