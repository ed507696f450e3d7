import { describe, expect, test } from "vitest";

const { check, isByBreak } = await import(`${new URL("../../torture/checks.mjs", import.meta.url)}`);
const { readHistory } = await import(`${new URL("../../torture/history.mjs", import.meta.url)}`);
const { Store } = await import(`${new URL("../../torture/store.mjs", import.meta.url)}`);

const ttl = 1_200;
const key = "key";

/** The update that is lost when two sections overlap, of which the first ends at that time and the second at that one. */
function overlap(...ends: [number, number]) {
  let time = 0;
  const store = new Store(() => time);
  const ask = (verb: string, fence: number, found?: object) =>
    store.answer({ verb, key, fence, found, validUntil: time + ttl });
  const found = [ask("read", 1), ask("read", 2)];
  for (const [index, end] of ends.entries()) {
    time = end;
    ask("write", index + 1, found[index]);
  }
  const [update] = store.unprotected;
  if (update === undefined) {
    throw new Error("No update was lost");
  }
  return update;
}

describe("an update that was lost while nobody was late", () => {
  const nothing = { forced: [] };
  const step = { kind: "clock", codes: [], from: 1_000, until: 1_000, endsPromises: true, isDeafening: false };
  const circumstances = { episodes: [step], ttl };

  test("is not excused without a break", () => {
    const update = overlap(1_500, 4_000);
    expect(isByBreak(update, nothing, { episodes: [], ttl })).toBe(false);
  });

  test("is excused by a break in a lease of the one who lost it", () => {
    const update = overlap(1_100, 1_500);
    expect(isByBreak(update, nothing, circumstances)).toBe(true);
  });

  test("is excused by a break in the lease of the other, however long the one who lost it has stayed", () => {
    const update = overlap(1_500, 1_000 + 3 * ttl);
    expect(isByBreak(update, nothing, circumstances)).toBe(true);
  });

  test("is not excused by a break that both leases outlived", () => {
    const update = overlap(1_000 + 3 * ttl, 1_000 + 4 * ttl);
    expect(isByBreak(update, nothing, circumstances)).toBe(false);
  });

  test("is not excused by a break that came later", () => {
    const update = overlap(500, 900);
    expect(isByBreak(update, nothing, circumstances)).toBe(false);
  });
});

/** What is found in what was noted. The notes of a worker are in order. */
function findings(...notes: object[]): string[] {
  const history = readHistory([notes.map((note) => `${JSON.stringify(note)}\n`).join("")], ttl);
  const found = check(history, { episodes: history.stalls, ttl, interval: 250 });
  return found.map((finding: { check: string }) => finding.check);
}

describe("a holder that is told of its loss after the next one was granted the key", () => {
  const notes = (told: number) => [
    { worker: 1, id: "first", key, event: "granted", fence: "1", sent: 0, at: 10 },
    { worker: 2, id: "second", key, event: "granted", fence: "2", sent: 1_250, at: 1_260 },
    { worker: 1, id: "first", key, event: "told of loss", at: told },
    { worker: 2, id: "second", key, event: "asks", verb: "release", sent: 2_300 },
  ];

  test("is told late", () => {
    expect(findings(...notes(2_000))).toEqual(["belief"]);
  });

  test("is told in time a moment later", () => {
    expect(findings(...notes(1_700))).toEqual([]);
  });

  test("is excused if it stood still", () => {
    expect(findings(...notes(2_000), { worker: 1, event: "stall", from: 1_100, until: 1_990 })).toEqual([]);
  });

  test("is excused by a stall that is noted after it was told", () => {
    expect(findings(...notes(2_000), { worker: 1, event: "stall", from: 1_100, until: 2_010 })).toEqual([]);
  });

  test.each([
    ["of another", { worker: 2, from: 1_100, until: 1_990 }],
    ["that came later", { worker: 1, from: 2_010, until: 3_000 }],
  ])("is not excused by a stall %s", (_, stall) => {
    expect(findings(...notes(2_000), { ...stall, event: "stall" })).toEqual(["belief"]);
  });
});

describe("one who waits while the key is free", () => {
  const notes = (until: number) => [
    { worker: 1, id: "first", key, event: "granted", fence: "1", sent: 0, at: 10 },
    { worker: 1, id: "first", key, event: "answer", verb: "release", sent: 90, at: 100, answer: true },
    { worker: 2, id: "second", key, event: "answer", verb: "wait", sent: 50, at: until, answer: true },
    { worker: 2, id: "second", key, event: "granted", fence: "2", at: until },
  ];
  const stall = (worker: number, from: number, until: number) => ({ worker, event: "stall", from, until });

  test("waits in vain", () => {
    expect(findings(...notes(3_500))).toEqual(["liveness"]);
  });

  test.each([1, 2])("is excused if worker %s stood still, and for no longer than that", (worker) => {
    expect(findings(...notes(3_500), stall(worker, 150, 3_450))).toEqual([]);
    expect(findings(...notes(6_900), stall(worker, 150, 3_450))).toEqual(["liveness"]);
  });

  test("is not excused by stalls as they are on any machine", () => {
    const stalls = [500, 1_500, 2_500].map((from) => stall(2, from, from + 900));
    expect(findings(...notes(3_500), ...stalls)).toEqual(["liveness"]);
  });
});

test("a holder that is killed before it notes the answer to its release has given its lease back", () => {
  const lock = { worker: 1, id: "lock", key };
  const notes = [
    { ...lock, event: "granted", fence: "1", sent: 10, at: 20 },
    { ...lock, event: "asks", verb: "release", sent: 30 },
  ];
  const log = notes.map((note) => `${JSON.stringify(note)}\n`).join("");
  expect(readHistory([log], ttl).grants).toMatchObject([{ granted: 20, ended: 30 }]);
});
