import Module from "node:module";
import { SuperJSON } from "superjson";
import { describe, expect, test, vi } from "vitest";
import { Serde } from "../../ts/serde";
import { SuperJsonSerdeAdapter } from "../../ts/serde/adapters";
import { SerdeError, SerializationSerdeError } from "../../ts/serde/contracts";
import { InvalidInputError } from "../../ts/utilities";

function roundTrip(value: unknown, adapter = new SuperJsonSerdeAdapter()): unknown {
  return adapter.deserialize(adapter.serialize(value));
}

const lock = {
  name: "core/lock/MemoryLockAdapter",
  isApplicable: (value: unknown) => value instanceof Held,
  serialize: ({ key }: Held) => ({ key }),
  deserialize: ({ key }: { key: string }) => new Held(key),
};

class Held {
  constructor(readonly key: string) {}
}

describe("without a Serde", () => {
  test.each<[string, unknown]>([
    ["null", null],
    ["undefined", undefined],
    ["a text", "text"],
    ["a number", 1.5],
    ["NaN", Number.NaN],
    ["minus infinity", Number.NEGATIVE_INFINITY],
    ["minus zero", -0],
    ["a BigInt", -12n],
    ["a BigInt of 2000 digits", 10n ** 1999n],
    ["a boolean", true],
    ["an array", [1, undefined, [null]]],
    ["an object", { a: { b: undefined } }],
    ["a Date", new Date(0)],
    ["a RegExp", /a\/b/gi],
    ["a Map", new Map<unknown, unknown>([[{ a: 1 }, new Set([new Date(0)])]])],
    ["a Set", new Set<unknown>([1, new Map([[1, 2n]])])],
    ["a URL", new URL("https://example.com/a?b#c")],
    ["a typed array", new Uint8Array([1, 2, 255])],
    ["a clamped array", new Uint8ClampedArray([1, 2, 255])],
    ["what superjson knows, in one another", { list: [new Map([["a", new Set([new Date(1), 2n, Number.NaN])]])] }],
  ])("%s arrives as what it is", (_, value) => {
    expect(roundTrip(value)).toStrictEqual(value);
    expect(roundTrip({ "deep.er": [value] })).toStrictEqual({ "deep.er": [value] });
  });

  test("transformers can be registered", () => {
    const adapter = new SuperJsonSerdeAdapter();
    adapter.registerCustom(lock);
    expect(roundTrip([new Held("k")], adapter)).toStrictEqual([new Held("k")]);
  });
});

describe("the format", () => {
  test("is that of superjson", () => {
    const adapter = new SuperJsonSerdeAdapter();
    const value = { at: new Date(0), list: [1n, /a/g, { "a.b": new Set([undefined]) }], map: new Map([["k", -0]]) };
    expect(adapter.serialize(value)).toBe(new SuperJSON().stringify(value));
    expect(new SuperJSON().parse(adapter.serialize(value))).toStrictEqual(value);
    expect(adapter.deserialize(new SuperJSON().stringify(value))).toStrictEqual(value);
  });

  test("names a transformed value beside its JSON", () => {
    const adapter = new SuperJsonSerdeAdapter();
    adapter.registerCustom(lock);
    expect(JSON.parse(adapter.serialize(new Held("k")))).toEqual({
      json: { key: "k" },
      meta: { values: [["custom", "core/lock/MemoryLockAdapter"]], v: 1 },
    });
  });

  test("may be that of earlier versions, which escape less", () => {
    const adapter = new SuperJsonSerdeAdapter();
    adapter.registerCustom(lock);
    const text = '{"json":{"key":"k"},"meta":{"values":[["custom","core/lock/MemoryLockAdapter"]]}}';
    expect(adapter.deserialize(text)).toStrictEqual(new Held("k"));
    const paths = String.raw`{"json":{"a.b":"1","c\\\\d":"2"},"meta":{"values":{"a\\.b":["bigint"],"c\\\\d":["bigint"]}}}`;
    expect(adapter.deserialize(paths)).toStrictEqual({ "a.b": 1n, "c\\\\d": 2n });
  });

  test("is not that of later versions", () => {
    const text = '{"json":"1","meta":{"values":["bigint"],"v":2}}';
    expect(() => new SuperJsonSerdeAdapter().deserialize(text)).toThrow("later version");
  });

  test("is plain JSON but for an envelope where there is nothing more to say", () => {
    expect(new SuperJsonSerdeAdapter().serialize({ a: [1, "2"] })).toBe('{"json":{"a":[1,"2"]}}');
  });
});

describe("an object that occurs more than once", () => {
  const [first, second] = [{ n: 1 }, { n: 2 }];

  test.each<[string, unknown]>([
    ["in an array", [first, first, second]],
    ["in a Set and beside it", { set: new Set([first, second]), first, second }],
    [
      "as the key of a Map and beside it",
      {
        map: new Map([
          [first, 1],
          [second, 2],
        ]),
        first,
        second,
      },
    ],
    ["under keys that look like paths", { a: first, "a.b": first, "a\\": first, "a-b": first, b: { a: first } }],
    ["as a Date", { a: [new Date(0)], b: new Date(0) }],
  ])("arrives as often: %s", (_, value) => {
    expect(roundTrip(value)).toStrictEqual(value);
    expect(roundTrip(value, new SuperJsonSerdeAdapter())).toStrictEqual(value);
  });

  test("arrives each time as one of its own", () => {
    const [a, b] = roundTrip([first, first]) as unknown[];
    expect(a).not.toBe(b);
  });

  test("is one of its own also in text that superjson wrote", () => {
    const value = { set: new Set([first, second]), first, second };
    expect(new SuperJsonSerdeAdapter().deserialize(new SuperJSON().stringify(value))).toStrictEqual(value);
  });
});

describe("what has no serialized form is refused", () => {
  class Unregistered {
    readonly secret = 1;
  }

  const circularList: unknown[] = [];
  circularList.push({ circularList });
  const circularMap = new Map<string, unknown>();
  circularMap.set("a.b", [circularMap]);
  const circularMember: Record<string, unknown> = { a: 1 };
  circularMember.self = circularMember;
  const bottomless = Array.from({ length: 100_000 }).reduce((inner: unknown) => [inner], null);
  const tooDeep = Array.from({ length: 501 }).reduce((inner: unknown) => ({ inner }), null);

  test.each<[string, unknown]>([
    ["a function", () => 1],
    ["a symbol", Symbol("a")],
    ["an instance of a class that is not registered", new Unregistered()],
    ["a Promise", Promise.resolve()],
    ["a WeakMap", new WeakMap()],
    ["an array that contains itself", circularList],
    ["a Map that contains itself", circularMap],
    ["an object that contains itself", circularMember],
    ["what is nested without end", bottomless],
    ["what is nested too deeply", tooDeep],
    ["a key that would be a danger", { constructor: 1 }],
    ["another such key", JSON.parse('{"__proto__":1}')],
  ])("%s", (_, value) => {
    const adapter = new SuperJsonSerdeAdapter();
    for (const holder of [value, [value], { member: value }, new Map([["key", value]]), new Set([value])]) {
      expect(() => adapter.serialize(holder)).toThrow(SerializationSerdeError);
      expect(() => new Serde(new SuperJsonSerdeAdapter()).serialize(holder)).toThrow(SerializationSerdeError);
    }
  });

  test("with a message that names it", () => {
    const adapter = new SuperJsonSerdeAdapter();
    expect(() => adapter.serialize([new Unregistered()])).toThrow(/an instance of Unregistered; register/);
    expect(() => adapter.serialize(() => 1)).toThrow(/a function/);
  });

  test("but an instance that has a JSON form arrives as that", () => {
    class Money {
      toJSON(): unknown {
        return { amount: 1 };
      }
    }
    expect(roundTrip({ price: new Money() })).toStrictEqual({ price: { amount: 1 } });
  });

  test("and two classes whose instances contain each other do no harm", () => {
    class Node {
      other: Node | undefined = undefined;
    }
    const [one, two] = [new Node(), new Node()];
    one.other = two;
    two.other = one;
    const adapter = new SuperJsonSerdeAdapter();
    adapter.registerCustom({
      name: "Node",
      isApplicable: (value) => value instanceof Node,
      serialize: (node: Node) => ({ other: node.other }),
      deserialize: () => new Node(),
    });
    expect(() => adapter.serialize(one)).toThrow(SerializationSerdeError);
  });
});

describe("maxLength", () => {
  test("bounds the text in both directions", () => {
    const adapter = new SuperJsonSerdeAdapter({ maxLength: 20 });
    const largest = "x".repeat(20 - '{"json":""}'.length);
    expect(roundTrip(largest, adapter)).toBe(largest);
    expect(() => adapter.serialize(`${largest}x`)).toThrow(SerializationSerdeError);
    const text = new SuperJsonSerdeAdapter().serialize(`${largest}x`);
    expect(() => adapter.deserialize(text)).toThrow(/21 characters; maxLength allows 20/);
  });

  test("is ten million characters by default, and may be infinite", () => {
    const text = `{"json":"${"x".repeat(10_000_000)}"}`;
    expect(() => new SuperJsonSerdeAdapter().deserialize(text)).toThrow(/maxLength allows 10000000/);
    const unbounded = new SuperJsonSerdeAdapter({ maxLength: Number.POSITIVE_INFINITY });
    expect(unbounded.deserialize<string>(text)).toHaveLength(10_000_000);
  });

  test.each([0, -1, Number.NaN, "10"])("cannot be %s", (maxLength) => {
    expect(() => new SuperJsonSerdeAdapter({ maxLength: maxLength as number })).toThrow(InvalidInputError);
  });
});

describe("the library", () => {
  test("is used by way of an instance of the adapter's own", () => {
    const [one, other] = [new SuperJsonSerdeAdapter(), new SuperJsonSerdeAdapter()];
    one.registerCustom(lock);
    expect(() => other.deserialize(one.serialize(new Held("k")))).toThrow(
      /core\/lock\/MemoryLockAdapter.*not registered/,
    );
    expect(SuperJSON.serialize(new Held("k"))).not.toHaveProperty("meta");
  });

  /** Lets `require("superjson")` do this instead. */
  function whenLoading<T>(load: () => unknown, act: () => T): T {
    type Load = (request: string, ...rest: unknown[]) => unknown;
    const loader = Module as unknown as { _load: Load };
    const genuine = loader._load;
    const loading = vi.spyOn(loader, "_load");
    loading.mockImplementation(function (this: unknown, request, ...rest) {
      return request === "superjson" ? load() : genuine.call(this, request, ...rest);
    });
    try {
      return act();
    } finally {
      loading.mockRestore();
    }
  }

  const failureOf = (load: () => unknown): unknown =>
    whenLoading(load, () => {
      try {
        return new SuperJsonSerdeAdapter();
      } catch (error) {
        return error;
      }
    });

  test.each([
    ["ERR_REQUIRE_ESM", /Node\.js 20\.19, 22\.12 or a later/],
    ["MODULE_NOT_FOUND", /npm install superjson/],
  ])("is asked for where it cannot be loaded: %s", (code, remedy) => {
    const cause = Object.assign(new Error("no"), { code });
    const error = failureOf(() => {
      throw cause;
    });
    expect(error).toBeInstanceOf(SerdeError);
    expect(error).toMatchObject({ cause, message: expect.stringMatching(remedy) });
  });

  test("is refused in a version that works differently", () => {
    const error = failureOf(() => ({ SuperJSON: class {} }));
    expect(error).toBeInstanceOf(SerdeError);
    expect(error).toMatchObject({ message: expect.stringContaining("superjson@2.2.6") });
  });
});
