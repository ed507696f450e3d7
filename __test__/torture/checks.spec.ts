import { describe, expect, test } from "vitest";

const { isByBreak } = await import(`${new URL("../../torture/checks.mjs", import.meta.url)}`);
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

test("a holder that is killed before it notes the answer to its release has given its lease back", () => {
  const lock = { worker: 1, id: "lock", key };
  const notes = [
    { ...lock, event: "granted", fence: "1", sent: 10, at: 20 },
    { ...lock, event: "asks", verb: "release", sent: 30 },
  ];
  const log = notes.map((note) => `${JSON.stringify(note)}\n`).join("");
  expect(readHistory([log], ttl).grants).toMatchObject([{ granted: 20, ended: 30 }]);
});
