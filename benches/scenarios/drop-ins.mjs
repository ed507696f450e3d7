// What is measured of our drop-ins and the packages they replace.

import { randomUUID } from "node:crypto";
import { distributedLocks, mongoLocks } from "./replaced.mjs";

const names = 64;
const contenders = 8;
const seconds = 3;

const sideBySide =
  "Sixty-four callers in one process take each a lock of its own name. Then eight want the same one at once.";

/** @type {import("./scenarios.mjs").Scenario[]} */
export const dropIns = [
  {
    name: "distributed-lock",
    title: "The drop-in for @ndustrial/sequelize-distributed-lock",
    backend: "postgres",
    note: `${sideBySide} The replaced package locks its whole table, and sleeps for a second when another has: whoever has it may go on meanwhile, which is most of what is counted. Over minutes it was measured, elsewhere, at 8 to 12 a second.`,
    contestants: distributedLocks,
    figures: [
      { name: "perSecond", title: "locks a second, 64 names at once", asked: { atLeast: 3_600, because: "300 × 12" } },
      {
        name: "handOver",
        title: "ms a hand-over",
        isLessBetter: true,
        asked: { atMost: 10, because: "milliseconds, and not the second it sleeps" },
      },
    ],
    measure: (id, url) => measureDropIn(distributedLocks[id], url),
  },
  {
    name: "mongo-distributed-locks",
    title: "The drop-in for mongo-distributed-locks",
    backend: "mongodb",
    note: `${sideBySide} The replaced package asks again after 100 to 1,000 ms.`,
    contestants: mongoLocks,
    figures: [
      { name: "perSecond", title: "locks a second, 64 names at once" },
      { name: "handOver", title: "ms a hand-over", isLessBetter: true },
    ],
    measure: (id, url) => measureDropIn(mongoLocks[id], url),
  },
];

async function measureDropIn({ open }, url) {
  const { create, close } = await open(url);
  try {
    await create(randomUUID())();
    return { perSecond: await countLocks(create), handOver: await timeHandOver(create) };
  } finally {
    await close();
  }
}

async function countLocks(create) {
  const end = performance.now() + seconds * 1_000;
  let count = 0;
  await Promise.all(
    Array.from({ length: names }, async () => {
      const lock = create(randomUUID());
      while (performance.now() < end) {
        await lock();
        // Those that come to an end too late do not count.
        count += performance.now() < end ? 1 : 0;
      }
    }),
  );
  return count / seconds;
}

async function timeHandOver(create) {
  const name = randomUUID();
  const begun = performance.now();
  await Promise.all(Array.from({ length: contenders }, () => create(name)()));
  return (performance.now() - begun) / contenders;
}
