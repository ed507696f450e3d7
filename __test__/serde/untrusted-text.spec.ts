import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Serde } from "../../ts/serde";
import { SuperJsonSerdeAdapter } from "../../ts/serde/adapters";
import { DeserializationSerdeError } from "../../ts/serde/contracts";
import { TimeSpan } from "../../ts/utilities";

let prototypes: string[][];
let serde: Serde<string>;

const shape = () =>
  [Object.prototype, Array.prototype, Function.prototype, Map.prototype, Set.prototype, Date.prototype].map(
    (prototype) => Reflect.ownKeys(prototype).map(String),
  );

beforeEach(() => {
  prototypes = shape();
  serde = new Serde(new SuperJsonSerdeAdapter());
});

afterEach(() => {
  expect(shape()).toEqual(prototypes);
});

function refuse(text: unknown): void {
  expect(() => serde.deserialize(text as string)).toThrow(DeserializationSerdeError);
}

const message = (json: unknown, values: unknown) => JSON.stringify({ json, meta: { values, v: 1 } });
const custom = (name: string, json: unknown) => message(json, [["custom", name]]);

describe("text that is no message is refused", () => {
  test.each<[string, unknown]>([
    ["nothing", ""],
    ["no JSON", "{json:1}"],
    ["JSON with more behind it", '{"json":1}}'],
    ["null", "null"],
    ["a number", "1"],
    ["a text", '"json"'],
    ["an array", "[1]"],
    ["an object without json", "{}"],
    ["json from a prototype", '{"__proto__":{"json":1}}'],
    ["annotations that are a text", '{"json":1,"meta":"values"}'],
    ["annotations that are an array", '{"json":1,"meta":[]}'],
    ["annotations that are null", '{"json":1,"meta":null}'],
    ["an unknown version", '{"json":"1","meta":{"values":["bigint"],"v":"1"}}'],
    ["no string", 1],
    ["undefined", undefined],
    ["an object", { json: 1 }],
    ["a Buffer", Buffer.from('{"json":1}')],
  ])("%s", (_, text) => refuse(text));
});

describe("keys that reach prototypes are refused", () => {
  test.each<[string, string]>([
    ["__proto__", '{"json":{"__proto__":{"polluted":true}}}'],
    ["__proto__, deeply", '{"json":[{"a":{"__proto__":{"polluted":true}}}]}'],
    ["__proto__, escaped", '{"json":{"\\u005f_proto__":{"polluted":true}}}'],
    ["constructor", '{"json":{"constructor":{"prototype":{"polluted":true}}}}'],
    ["prototype", '{"json":{"prototype":{"polluted":true}}}'],
    ["__proto__ in a payload", '{"json":{"__proto__":{"a":1}},"meta":{"values":[["custom","TimeSpan"]],"v":1}}'],
    ["__proto__ for annotations", '{"json":1,"meta":{"__proto__":{"values":["Date"]}}}'],
    ["__proto__ among annotations", '{"json":{},"meta":{"values":{"__proto__":["Date"]},"v":1}}'],
  ])("%s", (_, text) => refuse(text));

  test.each<[string, unknown]>([
    ["__proto__", { "__proto__.polluted": ["undefined"] }],
    ["__proto__ below a member", { "a.__proto__.polluted": ["undefined"] }],
    ["constructor", { "constructor.prototype.polluted": ["undefined"] }],
    ["an inherited method", { toString: ["undefined"] }],
    ["a member of an inherited method", { "a.toString.call": ["undefined"] }],
    ["a member of an array's method", { "list.push.polluted": ["undefined"] }],
  ])("%s, in paths", (_, values) => refuse(message({ a: {}, list: [] }, values)));

  test("references to inherited members restore nothing", () => {
    const meta = {
      referentialEqualities: { toString: ["a"], "__proto__.valueOf": ["b"], "a.constructor": ["c"] },
      v: 1,
    };
    expect(serde.deserialize(JSON.stringify({ json: { a: 1, b: 2, c: 3 }, meta }))).toEqual({ a: 1, b: 2, c: 3 });
  });

  test("references that make a circle are refused", () => {
    refuse(JSON.stringify({ json: { a: null }, meta: { referentialEqualities: [["a"]], v: 1 } }));
    refuse(JSON.stringify({ json: { a: { b: null } }, meta: { referentialEqualities: { a: ["a.b"] }, v: 1 } }));
  });
});

describe("annotations that do not fit are refused", () => {
  const date = "1970-01-01T00:00:00.000Z";

  test.each<[string, unknown, unknown]>([
    ["of nothing that is there", {}, { a: ["Date"] }],
    ["below nothing that is there", {}, { "a.b": ["Date"] }],
    ["below a text", { a: "text" }, { "a.0": ["Date"] }],
    ["beyond the end of an array", { list: [] }, { "list.4294967294": ["undefined"] }],
    ["of a place that is only nearly one", { list: [date] }, { "list.00": ["Date"] }],
    ["of a place written as a number", { list: [date] }, { "list.0e0": ["Date"] }],
    ["of the length of an array", { list: [] }, { "list.length": [["custom", "core/Undefined"]] }],
    ["of the same twice", { a: date }, { a: ["Date"], "": ["Date"] }],
    ["of what is inside something restored", { a: [date] }, { a: ["set"], "a.0": ["Date"] }],
    ["of the same in two ways", { "a.b": { c: "1" } }, { "a\\.b": { c: ["bigint"] }, "a\\.b.c": ["bigint"] }],
    ["that are a text", {}, "Date"],
    ["that are a number", {}, 1],
    ["that are null", {}, null],
    ["with children that are a text", {}, ["Date", "a"]],
    ["of an unknown kind", "a", ["Function"]],
    ["of an inherited kind", "a", ["constructor"]],
    ["of no kind", "a", [null]],
    ["of an empty kind", "a", []],
    ["of a class", {}, [["class", "Object"]]],
    ["of a symbol", "a", [["symbol", "a"]]],
    ["of a typed array that is none", [], [["typed-array", "constructor"]]],
    ["of a typed array of no array", "text", [["typed-array", "Uint8Array"]]],
  ])("%s", (_, json, values) => refuse(message(json, values)));

  test.each<[string, unknown]>([
    ["undefined", "text"],
    ["bigint", "12x"],
    ["bigint", 12],
    ["Date", "yesterday"],
    ["Date", 5],
    ["Date", null],
    ["number", "five"],
    ["number", 5],
    ["number", {}],
    ["regexp", "a"],
    ["regexp", "/(/"],
    ["regexp", "/a/gg"],
    ["regexp", null],
    ["set", "text"],
    ["set", { length: 3 }],
    ["map", [1]],
    ["map", [["a"]]],
    ["map", ["ab"]],
    ["map", {}],
    ["URL", "no url"],
    ["URL", {}],
    ["Error", null],
    ["Error", "text"],
    ["Error", { name: 1, message: {} }],
  ])("of the kind %s for %j", (kind, json) => refuse(message(json, [kind])));
});

describe("payloads that do not fit are refused", () => {
  test.each<[string, unknown]>([
    ["core/ArrayBuffer", { byteLength: 8 }],
    ["core/ArrayBuffer", 1e9],
    ["core/Buffer", "no base64!"],
    ["core/Buffer", { type: "Buffer", data: [1] }],
    ["core/Buffer", 1e9],
    ["core/Uint8Array", [1, 2]],
    ["core/Uint8Array", 1e9],
    ["core/Uint16Array", Buffer.alloc(3).toString("base64")],
    ["core/Float64Array", Buffer.alloc(7).toString("base64")],
    ["core/BigInt64Array", null],
    ["core/Map", { a: 1 }],
    ["core/Map", [1]],
    ["core/Map", [["a"]]],
    ["core/Map", ["ab"]],
    ["core/Set", "text"],
    ["core/Set", { length: 3 }],
    ["core/BigInt", "1.5"],
    ["core/BigInt", "0x10"],
    ["core/BigInt", 1],
    ["core/NaN", "Infinity"],
    ["core/NaN", {}],
    ["core/Infinity", "1"],
    ["core/Infinity", null],
    ["core/RegExp", ["("]],
    ["core/RegExp", ["(", ""]],
    ["core/RegExp", ["a", "gg"]],
    ["core/RegExp", "/a/"],
    ["core/Date", "yesterday"],
    ["core/Date", 5],
    ["core/Date", {}],
    ["core/URL", "no url"],
    ["core/URL", { href: "https://example.com" }],
    ["core/URLSearchParams", { a: 1 }],
    ["core/URLSearchParams", null],
    ["TimeSpan", "5s"],
    ["TimeSpan", -1],
    ["TimeSpan", { milliseconds: 1 }],
  ])("%s of %j", (name, json) => refuse(custom(name, json)));

  test.each(["unknown", "", "__proto__", "constructor", "toString", "hasOwnProperty", "core/date"])(
    "of a transformer that is not registered: %j",
    (name) => refuse(custom(name, {})),
  );

  test("of a transformer whose name is no text", () => {
    refuse(message({}, [["custom", ["TimeSpan"]]]));
    refuse(message({}, [["custom"]]));
  });

  test("inside others, too", () => {
    const nested = (json: unknown, values: unknown) => custom("core/Date", { json, meta: { values } });
    refuse(nested({}, { a: ["Date"] }));
    refuse(nested("a", [["custom", "unknown"]]));
    refuse(nested("1", ["bigint"]));
    refuse(custom("core/Date", { json: "1970", meta: "none" }));
  });
});

describe("size does no harm", () => {
  const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);

  test("text may be nested, but not without end", () => {
    expect(serde.deserialize(`{"json":${nested(499)}}`)).toBeInstanceOf(Array);
    const brackets = `"\\${"[".repeat(1000)}"\\`;
    expect(serde.deserialize(serde.serialize([brackets, { [brackets]: brackets }]))).toEqual([
      brackets,
      { [brackets]: brackets },
    ]);
    for (const depth of [500, 10_000, 4_000_000]) {
      refuse(`{"json":${nested(depth)}}`);
      refuse(`{"json":1,"meta":{"values":${nested(depth)}}}`);
      refuse(nested(depth + 1));
    }
  });

  test("payloads may be nested as deeply as text allows", () => {
    let json: unknown = 1;
    for (let level = 0; level < 240; level += 1) {
      json = { json, meta: { values: [["custom", "core/Undefined"]], v: 1 } };
    }
    expect(serde.deserialize(custom("core/Undefined", json))).toBe(undefined);
  });

  test("values nested as deeply as allowed arrive", () => {
    class Box {
      constructor(readonly content: unknown) {}
      static deserialize(content: unknown): Box {
        return new Box(content);
      }
      serialize(): unknown {
        return this.content;
      }
    }
    serde.registerClass(Box);
    for (const wrap of [
      (inner: unknown) => [inner],
      (inner: unknown) => ({ inner }),
      (inner: unknown) => new Map([[inner, 1]]),
      (inner: unknown) => new Set([inner]),
      (inner: unknown) => new Box(inner),
    ]) {
      const value = Array.from({ length: 100 }).reduce(wrap, new Date(0));
      expect(serde.deserialize(serde.serialize(value))).toStrictEqual(value);
    }
  });

  test("numbers may be long, but not so long that reading them takes its time", () => {
    for (const text of [(json: string) => custom("core/BigInt", json), (json: string) => message(json, ["bigint"])]) {
      expect(serde.deserialize(text("9".repeat(100_000)))).toBe(10n ** 100_000n - 1n);
      refuse(text("9".repeat(100_001)));
    }
  });

  test("regular expressions may be long, but not so long that making them takes its time", () => {
    const texts = [
      (source: string) => custom("core/RegExp", [source, "iu"]),
      (source: string) => message(`/${source}/iu`, ["regexp"]),
    ];
    for (const text of texts) {
      expect(serde.deserialize(text("a".repeat(90_000)))).toEqual(new RegExp("a".repeat(90_000), "iu"));
      expect(serde.deserialize(text("\\p{L}".repeat(100)))).toBeInstanceOf(RegExp);
      refuse(text("a".repeat(100_001)));
      refuse(text("\\p{L}".repeat(101)));
      refuse(text("\\p{L}".repeat(1_000_000)));
    }
  });

  test("all regular expressions of a text count together, and those of the next one anew", () => {
    const texts = [
      (count: number) => ({ json: Array.from({ length: count }, () => "/\\p{L}/u"), kind: ["regexp"] }),
      (count: number) => ({
        json: Array.from({ length: count }, () => ["\\p{L}", "u"]),
        kind: [["custom", "core/RegExp"]],
      }),
      (count: number) => ({
        json: Array.from({ length: count }, () => ({ json: "/\\p{L}/u", meta: { values: ["regexp"], v: 1 } })),
        kind: [["custom", "core/Undefined"]],
      }),
    ].map((make) => (count: number) => {
      const { json, kind } = make(count);
      return message(json, Object.fromEntries(json.map((_, place) => [place, kind])));
    });
    for (const text of texts) {
      for (let time = 0; time < 3; time += 1) {
        expect(serde.deserialize(text(100))).toHaveLength(100);
      }
      refuse(text(102));
    }
  });

  test("long paths end soon", () => {
    const path = `a${".a".repeat(200_000)}`;
    refuse(message({ a: {} }, { [path]: ["Date"] }));
    refuse(JSON.stringify({ json: 1, meta: { referentialEqualities: { [path]: [path, `${path}.a`] } } }));
  });
});

test("messages show what is wrong, not all of it", () => {
  for (const text of [
    custom("x".repeat(100_000), {}),
    message({}, ["x".repeat(100_000)]),
    message({}, { ["x".repeat(100_000)]: ["Date"] }),
  ]) {
    try {
      serde.deserialize(text);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(DeserializationSerdeError);
      expect((error as Error).message.length).toBeLessThan(400);
    }
  }
});

test("a damaged message is restored, or refused, and nothing else", () => {
  class Box {
    constructor(readonly content: unknown) {}
    static deserialize(content: unknown): Box {
      return new Box(content);
    }
    serialize(): unknown {
      return this.content;
    }
  }
  serde.registerClass(Box);
  const text = serde.serialize({
    "a.b": [new Date(0), 1n, Number.NaN, undefined],
    map: new Map<unknown, unknown>([[new Set([/a/g]), TimeSpan.fromSeconds(1)]]),
    box: new Box({ url: new URL("https://example.com"), bytes: Buffer.from("bytes") }),
    error: new Error("why"),
  });
  const spare = [
    "",
    "__proto__",
    "constructor",
    "toString",
    "[",
    "{",
    '"',
    ".",
    "\\\\",
    "0",
    "null",
    "custom",
    "length",
  ];
  let state = 3;
  const random = (below: number) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * below);
  };
  let [restored, refused] = [0, 0];
  for (let round = 0; round < 2000; round += 1) {
    const words = text.split(/(?<=\W)|(?=\W)/);
    words.splice(
      random(words.length),
      random(3),
      random(2) === 0 ? (words[random(words.length)] ?? "") : (spare[random(spare.length)] ?? ""),
    );
    try {
      serde.deserialize(words.join(""));
      restored += 1;
    } catch (error) {
      expect(error).toBeInstanceOf(DeserializationSerdeError);
      refused += 1;
    }
  }
  expect(restored).toBeGreaterThan(100);
  expect(refused).toBeGreaterThan(500);
  expect(({} as { polluted?: unknown }).polluted).toBe(undefined);
});
