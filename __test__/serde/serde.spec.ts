import { describe, expect, test } from "vitest";
import { Serde, type SerdeSettings, type SerdeValueKind } from "../../ts/serde";
import { NoOpSerdeAdapter, SuperJsonSerdeAdapter } from "../../ts/serde/adapters";
import {
  DeserializationSerdeError,
  type IFlexibleSerde,
  type IFlexibleSerdeAdapter,
  type ISerderRegister,
  type NamedSerdeTransformer,
  SERDE_ERRORS,
  SerdeError,
  SerializationSerdeError,
} from "../../ts/serde/contracts";
import { InvalidInputError, TimeSpan } from "../../ts/utilities";

const makeSerde = (settings?: SerdeSettings) => new Serde(new SuperJsonSerdeAdapter(), settings);

function roundTrip(value: unknown, serde: Serde<string> = makeSerde()): unknown {
  return serde.deserialize(serde.serialize(value));
}

/** Examples of every kind a Serde handles itself. */
const kinds: Record<SerdeValueKind, unknown[]> = {
  ArrayBuffer: [new ArrayBuffer(0), new Uint8Array([1, 2, 3]).buffer],
  Buffer: [Buffer.alloc(0), Buffer.from("bytes of a pool"), Buffer.alloc(9000, 7)],
  Uint8Array: [new Uint8Array(), new Uint8Array([0, 255])],
  Int8Array: [new Int8Array([-128, 127])],
  Uint16Array: [new Uint16Array([0, 65_535])],
  Int16Array: [new Int16Array([-32_768, 32_767])],
  Uint32Array: [new Uint32Array([0, 4_294_967_295])],
  Int32Array: [new Int32Array([-2_147_483_648, 2_147_483_647])],
  BigUint64Array: [new BigUint64Array([0n, 18_446_744_073_709_551_615n])],
  BigInt64Array: [new BigInt64Array([-9_223_372_036_854_775_808n, 9_223_372_036_854_775_807n])],
  Float32Array: [new Float32Array([1.5, Number.NaN, Number.NEGATIVE_INFINITY, -0])],
  Float64Array: [new Float64Array([Math.PI, Number.NaN, Number.POSITIVE_INFINITY, -0])],
  Map: [
    new Map(),
    new Map<unknown, unknown>([
      ["key", 1],
      [{ deep: 2 }, "value"],
    ]),
  ],
  Set: [new Set(), new Set<unknown>([1, "1", { deep: 2 }])],
  BigInt: [0n, -1n, 2n ** 200n],
  NaN: [Number.NaN],
  Infinity: [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  Undefined: [undefined],
  RegExp: [/a\/b\\c/giu, /(?:)/, /\n/s],
  Date: [new Date(0), new Date(8_640_000_000_000_000), new Date("invalid")],
  URL: [new URL("https://user@example.com:8080/path?query=1#hash")],
  URLSearchParams: [new URLSearchParams("a=1&a=2&b=%20")],
};

const examples = Object.entries(kinds).flatMap(([kind, values]) =>
  values.map((value, index) => [`${kind} ${index}`, value] as const),
);

const json: [string, unknown][] = [
  ["null", null],
  ["true", true],
  ["false", false],
  ["zero", 0],
  ["minus zero", -0],
  ["a fraction", 1.5e-7],
  ["the largest number", Number.MAX_VALUE],
  ["an empty text", ""],
  ["a text", 'quotes " and \\ and \u2028 and \u{1F512} and \ud800'],
  ["an empty array", []],
  ["an array", [1, [2, [3]]]],
  ["an empty object", {}],
  ["an object", { a: { b: { c: null } } }],
  ["keys that look like paths", { "a.b": new Date(1), "c\\d": new Date(2), "e\\.f": new Date(3), "": new Date(4) }],
  ["keys that look like serialized text", { json: new Date(5), meta: { values: ["Date"] } }],
  ["what looks like serialized text", { json: "1", meta: { values: ["bigint"] } }],
  ["keys of inherited members", { toString: new Date(6), length: new Date(7), hasOwnProperty: 1 }],
];

class Point {
  constructor(
    readonly x: unknown,
    readonly y: unknown,
  ) {}

  static deserialize({ x, y }: { x: unknown; y: unknown }): Point {
    return new Point(x, y);
  }

  serialize(): { x: unknown; y: unknown } {
    return { x: this.x, y: this.y };
  }
}

describe("values", () => {
  const values = [...json, ...examples];

  test.each(values)("arrive as what they are: %s", (_, value) => {
    expect(roundTrip(value)).toStrictEqual(value);
  });

  test.each(values)("arrive as what they are wherever they are: %s", (_, value) => {
    const serde = makeSerde().registerClass(Point);
    const everywhere = {
      member: value,
      list: [value, value],
      map: new Map([
        ["value", value],
        [value, "key"],
      ]),
      set: new Set([value]),
      instance: new Point(value, [value]),
    };
    expect(roundTrip(everywhere, serde)).toStrictEqual(everywhere);
  });

  test("arrive with their own class", () => {
    for (const [, value] of examples.filter(([, example]) => typeof example === "object")) {
      expect(Object.getPrototypeOf(roundTrip(value))).toBe(Object.getPrototypeOf(value));
    }
  });

  test("an error arrives as an Error with its name, message and cause", () => {
    const error = roundTrip(new TypeError("wrong", { cause: new Error("why", { cause: new Date(0) }) })) as Error;
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ name: "TypeError", message: "wrong" });
    expect(error.cause).toMatchObject({ message: "why", cause: new Date(0) });
  });

  test("bytes do not bring along what is beside them", () => {
    const part = Buffer.from("secret text secret").subarray(7, 11);
    expect((roundTrip(new Uint8Array(part.buffer, part.byteOffset, 4)) as Uint8Array).buffer.byteLength).toBe(4);
    expect(makeSerde().serialize(part)).toContain(Buffer.from("text").toString("base64"));
    expect(String(roundTrip(part))).toBe("text");
  });

  test("a huge BigInt is refused where it is sent", () => {
    expect(roundTrip(10n ** 99_999n)).toBe(10n ** 99_999n);
    expect(() => makeSerde().serialize(10n ** 100_000n)).toThrow(SerializationSerdeError);
  });

  test("random ones arrive as what they are", () => {
    const serde = makeSerde().registerClass(Point);
    const random = seededRandom(7);
    const pool = values.map(([, value]) => value).filter((value) => !(Buffer.isBuffer(value) && value.length > 100));
    const make = (depth: number): unknown => {
      const members = () => Array.from({ length: random(4) }, () => make(depth - 1));
      const shapes = [
        () => members(),
        () => new Map(members().map((member) => [member, make(depth - 1)])),
        () => new Set(members()),
        () => new Point(make(depth - 1), make(depth - 1)),
        () => Object.fromEntries(members().map((member, index) => [["a.b", "json", "meta", "\\"][index], member])),
      ];
      const shape = depth > 0 ? shapes[random(shapes.length + 2)] : undefined;
      return shape === undefined ? pool[random(pool.length)] : shape();
    };
    for (let round = 0; round < 100; round += 1) {
      const value = make(5);
      const text = serde.serialize(value);
      expect(serde.deserialize(text), text).toStrictEqual(value);
    }
  });
});

describe("settings", () => {
  const namesWith = (settings: SerdeSettings) => {
    const adapter = new RecordingAdapter();
    new Serde(adapter, settings);
    return adapter.names;
  };

  test("all kinds are handled by default, and TimeSpan", () => {
    const names = [...Object.keys(kinds).map((kind) => `core/${kind}`), "TimeSpan"];
    expect(namesWith({}).sort()).toEqual(names.sort());
    expect(Object.keys(kinds)).toHaveLength(22);
  });

  test.each(Object.keys(kinds) as SerdeValueKind[])("%s can be left to the adapter", (kind) => {
    const names = namesWith({ [`shouldHandle${kind}`]: false });
    expect(names).not.toContain(`core/${kind}`);
    expect(names).toHaveLength(22);
    expect(namesWith({ [`shouldHandle${kind}`]: undefined })).toContain(`core/${kind}`);
  });

  test("kinds left to an adapter that does not know them are refused", () => {
    expect(() => makeSerde({ shouldHandleBuffer: false }).serialize(Buffer.from("a"))).toThrow(SerializationSerdeError);
    expect(() => makeSerde({ shouldHandleBigInt64Array: false }).serialize(new BigInt64Array(1))).toThrow(
      SerializationSerdeError,
    );
    expect(() => makeSerde({ shouldHandleURLSearchParams: false }).serialize(new URLSearchParams())).toThrow(
      SerializationSerdeError,
    );
  });

  test("an adapter is needed", () => {
    expect(() => new Serde(undefined as never)).toThrow(InvalidInputError);
    expect(() => new Serde({} as never)).toThrow(InvalidInputError);
  });
});

describe("registerClass", () => {
  test("lets instances arrive as instances", () => {
    const serde = makeSerde();
    expect(serde.registerClass(Point)).toBe(serde);
    const point = roundTrip(new Point(1, new Date(2)), serde);
    expect(point).toStrictEqual(new Point(1, new Date(2)));
    expect(point).toBeInstanceOf(Point);
  });

  test("names them after the prefix and the class", () => {
    const named = (serde: Serde<string>) => serde.serialize(new Point(1, 2));
    expect(named(makeSerde().registerClass(Point))).toContain('["custom","Point"]');
    expect(named(makeSerde().registerClass(Point, "shapes"))).toContain('["custom","shapes/Point"]');
    expect(named(makeSerde().registerClass(Point, ["a", "", "b"]))).toContain('["custom","a/b/Point"]');
  });

  test("is for exactly that class", () => {
    class Corner extends Point {
      static override deserialize({ x, y }: { x: unknown; y: unknown }): Corner {
        return new Corner(x, y);
      }
    }
    const serde = makeSerde().registerClass(Point);
    expect(() => serde.serialize(new Corner(1, 2))).toThrow(SerializationSerdeError);
    serde.registerClass(Corner);
    expect(roundTrip([new Corner(1, 2), new Point(1, 2)], serde)).toStrictEqual([new Corner(1, 2), new Point(1, 2)]);
  });

  test("replaces a class of the same name", () => {
    const make = () =>
      class Same {
        static deserialize(): Same {
          return new Same();
        }
        serialize(): null {
          return null;
        }
      };
    const [First, Second] = [make(), make()];
    const serde = makeSerde().registerClass(First).registerClass(Second);
    expect(roundTrip(new Second(), serde)).toBeInstanceOf(Second);
    expect(() => serde.serialize(new First())).toThrow(SerializationSerdeError);
  });

  test("takes the place of how a kind is handled otherwise", () => {
    class Registry extends Map<string, number> {
      static deserialize(entries: [string, number][]): Registry {
        return new Registry(entries);
      }
      serialize(): [string, number][] {
        return [...this];
      }
    }
    const registry = new Registry([["a", 1]]);
    expect(roundTrip(registry, makeSerde().registerClass(Registry))).toBeInstanceOf(Registry);
  });

  test.each([
    ["undefined", undefined],
    ["null", null],
    ["an object", {}],
    ["a class without either method", class Neither {}],
    [
      "a class without deserialize",
      class Half {
        serialize(): void {}
      },
    ],
    [
      "a class without a name",
      (() =>
        class {
          static deserialize(): void {}
          serialize(): void {}
        })(),
    ],
  ])("refuses %s", (_, unusable) => {
    expect(() => makeSerde().registerClass(unusable as never)).toThrow(InvalidInputError);
  });

  test("reports what the class throws", () => {
    const failure = new Error("no");
    class Moody {
      constructor(readonly isReadable: boolean) {}
      static deserialize(): Moody {
        throw failure;
      }
      serialize(): null {
        if (this.isReadable) {
          return null;
        }
        throw failure;
      }
    }
    const serde = makeSerde().registerClass(Moody);
    const thrown = (act: () => unknown) => {
      try {
        return act();
      } catch (error) {
        return error;
      }
    };
    const written = thrown(() => serde.serialize({ deep: [new Moody(false)] }));
    expect(written).toBeInstanceOf(SerializationSerdeError);
    expect(written).toMatchObject({ cause: failure, message: 'Cannot serialize a "Moody": no' });
    const text = serde.serialize({ deep: [new Moody(true)] });
    const read = thrown(() => serde.deserialize(text));
    expect(read).toBeInstanceOf(DeserializationSerdeError);
    expect(read).toMatchObject({ cause: failure, message: 'Cannot deserialize a "Moody": no' });
  });

  test("lets nothing pass for an instance", () => {
    class Impostor {
      static deserialize(): Impostor {
        return {} as Impostor;
      }
      serialize(): null {
        return null;
      }
    }
    const serde = makeSerde().registerClass(Impostor);
    expect(() => roundTrip(new Impostor(), serde)).toThrow(DeserializationSerdeError);
  });
});

describe("registerCustom", () => {
  const upper = {
    name: "Upper",
    isApplicable: (value: unknown) => typeof value === "string" && value === value.toUpperCase(),
    serialize: (value: string) => value.toLowerCase(),
    deserialize: (payload: string) => payload.toUpperCase(),
  };

  test("transforms the values it applies to", () => {
    const serde = makeSerde();
    expect(serde.registerCustom(upper)).toBe(serde);
    const text = serde.serialize({ loud: "HEY", quiet: "hey" });
    expect(JSON.parse(text)).toMatchObject({ json: { loud: "hey", quiet: "hey" } });
    expect(serde.deserialize(text)).toEqual({ loud: "HEY", quiet: "hey" });
  });

  test("joins prefix and name with a slash, whatever they are made of", () => {
    const named = (name: string | string[], prefix?: string | string[]) =>
      makeSerde()
        .registerCustom({ ...upper, name }, prefix)
        .serialize("HEY");
    expect(named("a")).toContain('["custom","a"]');
    expect(named("a", "core")).toContain('["custom","core/a"]');
    expect(named(["lock", "a"], ["x", "core"])).toContain('["custom","x/core/lock/a"]');
    function* segments() {
      yield "b";
      yield "c";
    }
    expect(
      makeSerde()
        .registerCustom({ ...upper, name: segments() }, "a")
        .serialize("HEY"),
    ).toContain('"a/b/c"');
  });

  test("replaces a transformer of the same name", () => {
    const serde = makeSerde()
      .registerCustom(upper)
      .registerCustom({ ...upper, serialize: () => "replaced" });
    expect(serde.deserialize(serde.serialize("HEY"))).toBe("REPLACED");
  });

  test("prefers the transformer registered last", () => {
    const serde = makeSerde()
      .registerCustom(upper)
      .registerCustom({ ...upper, name: "Later" });
    expect(serde.serialize("HEY")).toContain('["custom","Later"]');
    expect(serde.registerCustom(upper).serialize("HEY")).toContain('["custom","Upper"]');
  });

  test("calls methods on the transformer", () => {
    class Prefixing {
      readonly name = "Prefixing";
      readonly #prefix = ">";
      isApplicable(value: unknown): boolean {
        return typeof value === "string" && !value.startsWith(this.#prefix);
      }
      serialize(value: string): string {
        return this.#prefix + value;
      }
      deserialize(payload: string): string {
        return payload.slice(this.#prefix.length);
      }
    }
    const serde = makeSerde().registerCustom(new Prefixing());
    expect(serde.serialize("a")).toContain('">a"');
    expect(serde.deserialize(serde.serialize("a"))).toBe("a");
  });

  // The library looks into arrays, objects, Maps, Sets and Errors by itself, and into nothing else.
  test.each([
    ["array", [1]],
    ["object", { a: 1 }],
    ["Map", new Map([["a", 1]])],
    ["Set", new Set([1])],
    ["Error", new Error("a")],
    ["instance", new (class Box {})()],
  ])("may turn an %s into anything", (_, value) => {
    for (const payload of [...json.map(([, member]) => member), ...examples.map(([, member]) => member)]) {
      let isFirst = true;
      let received: unknown;
      const serde = makeSerde().registerCustom({
        name: "custom",
        isApplicable: (candidate) => candidate === value && isFirst,
        serialize: () => payload,
        deserialize: (restored) => {
          isFirst = false;
          received = restored;
          return value;
        },
      });
      expect(roundTrip([value], serde)).toEqual([value]);
      expect(received).toStrictEqual(payload);
    }
  });

  test.each([
    ["undefined", undefined],
    ["one without a name", { ...upper, name: undefined }],
    ["an empty name", { ...upper, name: "" }],
    ["a name of empty segments", { ...upper, name: ["", ""] }],
    ["one without isApplicable", { ...upper, isApplicable: undefined }],
    ["one without serialize", { ...upper, serialize: undefined }],
    ["one without deserialize", { ...upper, deserialize: undefined }],
  ])("refuses %s", (_, unusable) => {
    expect(() => makeSerde().registerCustom(unusable as never)).toThrow(InvalidInputError);
  });

  test.each(["__proto__", "constructor", "toString", "0"])("takes %s for a name like any other", (name) => {
    const serde = makeSerde().registerCustom({ ...upper, name });
    expect(serde.deserialize(serde.serialize(["HEY"]))).toEqual(["HEY"]);
  });
});

describe("TimeSpan", () => {
  test("is registered already", () => {
    const span = roundTrip({ ttl: TimeSpan.fromSeconds(5) }) as { ttl: TimeSpan };
    expect(span.ttl).toBeInstanceOf(TimeSpan);
    expect(span.ttl.toMilliseconds()).toBe(5000);
  });

  test("can be registered again, on either side", () => {
    const [plain, again] = [makeSerde(), makeSerde().registerClass(TimeSpan)];
    const span = TimeSpan.fromMinutes(1);
    expect(again.serialize(span)).toBe(plain.serialize(span));
    expect(plain.deserialize(again.serialize(span))).toStrictEqual(span);
  });

  test.each(["-1", '"1s"', "null", "{}"])("is not made of %s", (payload) => {
    const text = `{"json":${payload},"meta":{"values":[["custom","TimeSpan"]]}}`;
    expect(() => makeSerde().deserialize(text)).toThrow(DeserializationSerdeError);
  });
});

test("a NoOpSerdeAdapter leaves values alone", () => {
  const serde = new Serde(new NoOpSerdeAdapter()).registerClass(Point);
  const value = { point: new Point(1, 2), call: () => 1 };
  expect(serde.serialize(value)).toBe(value);
  expect(serde.deserialize(value)).toBe(value);
});

test("a Serde is what its contracts say", () => {
  const serde: IFlexibleSerde<string> = makeSerde();
  const register: ISerderRegister = serde;
  register.registerClass(Point).registerClass(TimeSpan);
  expect(serde.deserialize<Point>(serde.serialize(new Point(1, 2))).x).toBe(1);
});

test("the errors can be told apart", () => {
  const cause = new Error("why");
  for (const [ErrorClass, name, code] of [
    [SerdeError, "SerdeError", "SERDE"],
    [SerializationSerdeError, "SerializationSerdeError", "SERIALIZATION"],
    [DeserializationSerdeError, "DeserializationSerdeError", "DESERIALIZATION"],
  ] as const) {
    const error = new ErrorClass("what", cause);
    expect(error).toBeInstanceOf(SerdeError);
    expect(error).toMatchObject({ name, code, cause, message: "what" });
    expect(Object.hasOwn(new ErrorClass("what"), "cause")).toBe(false);
  }
  expect(SERDE_ERRORS).toEqual({
    Base: SerdeError,
    Serialization: SerializationSerdeError,
    Deserialization: DeserializationSerdeError,
  });
});

class RecordingAdapter implements IFlexibleSerdeAdapter<unknown> {
  readonly names: string[] = [];
  serialize(value: unknown): unknown {
    return value;
  }
  deserialize<Value>(value: unknown): Value {
    return value as Value;
  }
  registerCustom<Value, Payload>({ name }: NamedSerdeTransformer<Value, Payload>): void {
    this.names.push(name);
  }
}

function seededRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * below);
  };
}
