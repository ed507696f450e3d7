// Serialized locks with thousands of damages, by a seed: each ends as a lock, as plain data, or as a typed error.

import { inspect } from "node:util";
import { beforeAll, expect, test } from "vitest";
import { Lock, LockProvider } from "../../ts/lock";
import { Serde } from "../../ts/serde";
import { SuperJsonSerdeAdapter } from "../../ts/serde/adapters";
import { DeserializationSerdeError } from "../../ts/serde/contracts";
import { TimeSpan } from "../../ts/utilities";

const SEEDS = [1, 2, 3, 4];
const MUTANTS = 10_000;
/** All of them together take a few seconds. One that costs out of proportion is over it by far. */
const LONGEST_MS = 10_000;

/** In bytes, with its namespace. */
const LONGEST_NAME = 1024;

/** What parsers stumble over. */
const TOKENS = [
  ...['"', "\\", "\\u0000", "\\ud83d", "{", "}", "[", "]", ",", ":", "null", "true", "-1", "1e999", "0.5", "1e21"],
  ...["9007199254740992", '"__proto__":', '"constructor":{"prototype":{"polluted":1}},', '"prototype"', '"json"'],
  ...[
    '"meta"',
    '"values"',
    '"v":0',
    '"key"',
    '"fence"',
    '["custom","core/RegExp"]',
    '["regexp"]',
    '["Date"]',
    '["set"]',
  ],
  ...['{"json":1,"meta":{}}', '"referentialEqualities":{"key":["owner"]},', "a_rt", "\u2028", "k".repeat(3000)],
];
const VALUES = [
  ...[
    undefined,
    null,
    true,
    0,
    -1,
    0.5,
    1e17,
    Number.MAX_VALUE,
    "",
    "0",
    "1",
    "text",
    "\0",
    "\ud83d",
    "__proto__",
    "1e3",
  ],
  ...[
    "9007199254740991",
    "9007199254740992",
    [],
    [[]],
    [null],
    {},
    { json: 1, meta: {} },
    { length: 1 },
    ["a", "b", "c"],
  ],
];

let serde: Serde<string>;
let written: string;

beforeAll(() => {
  serde = new Serde(new SuperJsonSerdeAdapter());
  const provider = new LockProvider({ serde });
  const lock = provider.create(["a", "key"], { owner: "owner", ttl: TimeSpan.fromSeconds(5) });
  written = serde.serialize(lock).replace('"fence":null', '"fence":"1700000000000000"');
  expect(serde.deserialize(written)).toBeInstanceOf(Lock);
});

test.each(SEEDS)("a text that is damaged at random, seed %i", (seed) => {
  const random = new Random(seed);
  feed(() => {
    let text = written;
    for (let damages = 1 + random.below(3); damages > 0; damages -= 1) {
      text = damaged(text, random);
    }
    return text;
  });
});

test.each(SEEDS)("a lock with other fields than it was written with, seed %i", (seed) => {
  const random = new Random(seed);
  const { json, meta } = JSON.parse(written);
  const locks = feed(() => {
    const fields = { ...json };
    for (let changes = 1 + random.below(2); changes > 0; changes -= 1) {
      fields[random.of(Object.keys(json))] = random.of(VALUES);
    }
    return JSON.stringify({ json: fields, meta });
  }, true);
  // Damage that nothing comes through tests nothing.
  expect(locks).toBeGreaterThan(MUTANTS / 100);
});

/** How many came out as locks. */
function feed(mutant: () => string, isLockOnly = false): number {
  const before = shape();
  const begun = process.cpuUsage();
  let locks = 0;
  for (let number = 0; number < MUTANTS; number += 1) {
    const text = mutant();
    let value: unknown;
    try {
      value = serde.deserialize(text);
    } catch (error) {
      if (!(error instanceof DeserializationSerdeError) || error.message.length > 1000) {
        expect.fail(`${brief(text)} ends in ${brief(error)}`);
      }
      continue;
    }
    if (value instanceof Lock) {
      locks += 1;
      checkLock(value, text);
    } else if (isLockOnly) {
      expect.fail(`${brief(text)} ends as ${brief(value)}`);
    }
  }
  expect(shape()).toEqual(before);
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  const { user, system } = process.cpuUsage(begun);
  expect((user + system) / 1_000).toBeLessThan(LONGEST_MS);
  return locks;
}

/** It is one that `create` could have made. */
function checkLock(lock: Lock, text: string): void {
  const { fence, ttl } = lock;
  const isSound =
    isName(lock.key) &&
    isName(lock.id) &&
    (fence === null || (fence > 0n && fence <= BigInt(Number.MAX_SAFE_INTEGER))) &&
    (ttl === null || ttl.toMilliseconds() >= 0);
  if (!isSound) {
    expect.fail(`${brief(text)} ends as a lock on ${brief(lock.key)} by ${brief(lock.id)}, fence ${fence}`);
  }
}

function isName(name: string): boolean {
  const length = Buffer.byteLength(name);
  return length > 0 && length <= LONGEST_NAME;
}

function brief(value: unknown): string {
  return inspect(value, { maxStringLength: 500 });
}

function shape(): string[][] {
  return [Object.prototype, Array.prototype, Function.prototype, Map.prototype, Lock.prototype].map((prototype) =>
    Reflect.ownKeys(prototype).map(String),
  );
}

function damaged(text: string, random: Random): string {
  const places = [random.below(text.length + 1), random.below(text.length + 1)];
  const [from, to] = [Math.min(...places), Math.max(...places)];
  const damages = [
    () => text.slice(0, from) + text.slice(from + 1 + random.below(4)),
    () => text.slice(0, from) + random.of(TOKENS) + text.slice(from),
    () => text.slice(0, from) + random.of(TOKENS) + text.slice(from + 1 + random.below(8)),
    () => text.slice(0, from) + String.fromCharCode(random.below(random.of([128, 65_536]))) + text.slice(from + 1),
    () => text.slice(0, to) + text.slice(from),
    () => text.slice(0, from) + text.slice(to),
    // In a place where a value was.
    () => text.replace(random.of([/"[^"]*"/, /\d+/, /\[[^[\]]*\]/]), random.of(TOKENS)),
  ];
  return random.of(damages)();
}

/** The same numbers for the same seed: Marsaglia's xorshift. */
class Random {
  constructor(private state: number) {}

  below(limit: number): number {
    this.state ^= this.state << 13;
    this.state ^= this.state >>> 17;
    this.state ^= this.state << 5;
    return (this.state >>> 0) % limit;
  }

  of<Value>(values: readonly Value[]): Value {
    return values[this.below(values.length)] as Value;
  }
}
