// What comes in for a lock may have been written by anybody.

import { beforeEach, describe, expect, test } from "vitest";
import { LockProvider } from "../../ts/lock";
import type { ILock } from "../../ts/lock/contracts";
import { Serde } from "../../ts/serde";
import { SuperJsonSerdeAdapter } from "../../ts/serde/adapters";
import { DeserializationSerdeError } from "../../ts/serde/contracts";
import { TimeSpan } from "../../ts/utilities";

let serde: Serde<string>;
let provider: LockProvider;
let written: { json: Record<string, unknown>; meta: unknown };

beforeEach(async () => {
  serde = new Serde(new SuperJsonSerdeAdapter());
  provider = new LockProvider({ serde });
  const lock = provider.create(["a", "key"], { owner: "owner", ttl: TimeSpan.fromSeconds(5) });
  await lock.acquire();
  written = JSON.parse(serde.serialize(lock));
  await lock.release();
});

/** What becomes of a lock that was written with other fields. */
function read(json: unknown): ILock {
  return serde.deserialize(JSON.stringify({ ...written, json }));
}

test("a lock is written as its key, owner, ttl and fence, and the version", () => {
  expect(written.json).toEqual({
    version: "1",
    key: ["a", "key"],
    owner: "owner",
    ttlInMs: 5000,
    fence: expect.stringMatching(/^[1-9][0-9]*$/),
  });
  expect(read(written.json).key).toBe("a/key");
});

test("fields that this release does not know are passed over", () => {
  expect(read({ ...written.json, region: "north" }).id).toBe("owner");
});

describe("a lock is not read from", () => {
  const long = "k".repeat(2000);
  const fields: readonly [string, readonly unknown[]][] = [
    ["version", [undefined, null, 1, "2", "", ["1"]]],
    ["key", [undefined, null, "key", 5, {}, [], [""], ["a", 5], [["a"]], ["a_rt"], [long], ["a\0b"], ["a\ud83d"]]],
    ["owner", [undefined, null, 5, "", ["owner"], { toString: "owner" }, long, "a\0b", "a\ud83d"]],
    ["ttlInMs", [undefined, "5000", true, -1, 1e17, [5000]]],
    [
      "fence",
      [
        undefined,
        5,
        "",
        "0",
        "-1",
        "1.5",
        "0x10",
        "1e3",
        " 1",
        "01",
        "9007199254740992",
        "9999999999999999",
        "1".repeat(400),
      ],
    ],
  ];
  for (const [field, values] of fields) {
    test.each(values.map((value) => [value]))(`the ${field} %j`, (value) => {
      refuses({ ...written.json, [field]: value });
    });
  }

  test.each([[null], [5], ["a text"], [true], [[]], [[1, 2]], [{}]])("%j", (json) => {
    refuses(json);
  });

  test("a ttl beyond all numbers", () => {
    const text = JSON.stringify({ ...written, json: { ...written.json, ttlInMs: "?" } }).replace('"?"', "1e999");
    expect(() => serde.deserialize(text)).toThrow(DeserializationSerdeError);
  });

  test.each(["__proto__", "constructor", "prototype"])("fields of which one is %s", (field) => {
    const text = JSON.stringify({ ...written, json: { ...written.json, "?": { polluted: true } } });
    expect(() => serde.deserialize(text.replace('"?"', JSON.stringify(field)))).toThrow(DeserializationSerdeError);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  test("fields that it only inherits", () => {
    const text = JSON.stringify({ ...written, json: { "?": written.json } }).replace('"?"', '"__proto__"');
    expect(() => serde.deserialize(text)).toThrow(DeserializationSerdeError);
  });

  test("a huge text", () => {
    refuses({ ...written.json, key: Array.from({ length: 2_000_000 }, () => "key") });
  });

  test("a key of very many segments", () => {
    refuses({ ...written.json, key: Array.from({ length: 100_000 }, () => "key") });
  });

  test("the name of a lock of another provider", () => {
    const text = JSON.stringify(written).replace("MemoryLockAdapter", "OtherLockAdapter");
    expect(() => serde.deserialize(text)).toThrow(DeserializationSerdeError);
  });

  function refuses(json: unknown): void {
    const error = errorOf(() => read(json));
    expect(error).toBeInstanceOf(DeserializationSerdeError);
    expect(error).toMatchObject({ name: "DeserializationSerdeError", code: "DESERIALIZATION" });
    expect((error as Error).message.length).toBeLessThan(1000);
  }
});

test("what is read grants nothing", async () => {
  const lock = read({ ...written.json, fence: "9007199254740991" });
  expect(lock.fence).toBe(9007199254740991n);
  expect(await lock.isLocked()).toBe(false);
  expect(await lock.release()).toBe(false);
});

function errorOf(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  return expect.fail("nothing was thrown");
}
