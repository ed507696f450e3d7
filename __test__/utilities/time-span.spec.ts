import { describe, expect, test } from "vitest";
import { InvalidInputError, TimeSpan, TO_MILLISECONDS } from "../../ts/utilities";

const span = (milliseconds: number) => TimeSpan.fromMilliseconds(milliseconds);

/** A length of time that is no TimeSpan, as another copy of the package would pass it. */
const foreign = (milliseconds: number) => ({ [TO_MILLISECONDS]: () => milliseconds });

describe("making a TimeSpan", () => {
  test.each([
    ["fromMilliseconds", 1],
    ["fromSeconds", 1_000],
    ["fromMinutes", 60_000],
    ["fromHours", 3_600_000],
    ["fromDays", 86_400_000],
  ] as const)("%s counts %i milliseconds each", (from, length) => {
    expect(TimeSpan[from](3).toMilliseconds()).toBe(3 * length);
    expect(TimeSpan[from](0).toMilliseconds()).toBe(0);
    expect(TimeSpan[from](0.5).toMilliseconds()).toBe(0.5 * length);
  });

  const bad = [Number.NaN, Number.POSITIVE_INFINITY, -1, "5", null, undefined, {}, 5n] as number[];
  const froms = ["fromMilliseconds", "fromSeconds", "fromMinutes", "fromHours", "fromDays"] as const;
  const adds = ["addMilliseconds", "addSeconds", "addMinutes", "addHours", "addDays"] as const;
  const subtracts = [
    "subtractMilliseconds",
    "subtractSeconds",
    "subtractMinutes",
    "subtractHours",
    "subtractDays",
  ] as const;

  test.each(bad)("refuses %s and says what to pass", (count) => {
    for (const from of froms) {
      expect(() => TimeSpan[from](count)).toThrow(InvalidInputError);
      expect(() => TimeSpan[from](count)).toThrow("pass a finite number, zero or more");
    }
    for (const change of [...adds, ...subtracts]) {
      expect(() => span(1)[change](count)).toThrow(InvalidInputError);
    }
    expect(() => TimeSpan.deserialize(count)).toThrow(InvalidInputError);
  });

  test("refuses a length beyond all numbers", () => {
    expect(() => TimeSpan.fromDays(Number.MAX_VALUE)).toThrow(InvalidInputError);
    expect(() => span(Number.MAX_VALUE).addMilliseconds(Number.MAX_VALUE)).toThrow(InvalidInputError);
    expect(() => span(Number.MAX_VALUE).multiply(2)).toThrow(InvalidInputError);
  });

  test("is made of anything that knows its milliseconds", () => {
    const original = span(5);
    expect(TimeSpan.fromTimeSpan(original)).toBe(original);
    expect(TimeSpan.fromTimeSpan(foreign(7)).toMilliseconds()).toBe(7);
    expect(() => TimeSpan.fromTimeSpan(foreign(-7))).toThrow(InvalidInputError);
    expect(() => TimeSpan.fromTimeSpan(foreign(Number.NaN))).toThrow(InvalidInputError);
    expect(() => TimeSpan.fromTimeSpan(5 as never)).toThrow("pass one such as TimeSpan.fromSeconds(5)");
    expect(() => TimeSpan.fromTimeSpan(null as never)).toThrow(InvalidInputError);
  });

  test("the symbol is the same for every copy of the package", () => {
    expect(Symbol.for(TO_MILLISECONDS.description as string)).toBe(TO_MILLISECONDS);
    expect(span(5)[TO_MILLISECONDS]()).toBe(5);
  });

  test("goes through serialization", () => {
    const serialized = JSON.stringify(TimeSpan.fromSeconds(1.5).serialize());
    expect(TimeSpan.deserialize(JSON.parse(serialized) as number)).toEqual(span(1_500));
  });
});

describe("date ranges", () => {
  const start = new Date("2020-01-01T00:00:00Z");
  const end = new Date("2020-01-01T00:00:05Z");

  test("the time between two dates", () => {
    expect(TimeSpan.fromDateRange(start, end).toSeconds()).toBe(5);
    expect(TimeSpan.fromDateRange({ start, end }).toSeconds()).toBe(5);
  });

  test("never less than zero", () => {
    expect(TimeSpan.fromDateRange(end, start).toMilliseconds()).toBe(0);
    expect(TimeSpan.fromDateRange({ start: end, end: start }).toMilliseconds()).toBe(0);
  });

  test("an end left out is now", () => {
    const hour = 3_600_000;
    const untilNow = TimeSpan.fromDateRange({ start: new Date(Date.now() - hour) }).toMilliseconds();
    expect(untilNow).toBeGreaterThanOrEqual(hour);
    expect(untilNow).toBeLessThan(2 * hour);
    const fromNow = TimeSpan.fromDateRange({ end: new Date(Date.now() + 2 * hour) }).toMilliseconds();
    expect(fromNow).toBeGreaterThan(hour);
    expect(fromNow).toBeLessThanOrEqual(2 * hour);
    expect(TimeSpan.fromDateRange({}).toMilliseconds()).toBe(0);
  });

  test("refuses what is no valid date", () => {
    expect(() => TimeSpan.fromDateRange(start, new Date(Number.NaN))).toThrow(InvalidInputError);
    expect(() => TimeSpan.fromDateRange({ start: "2020" as never })).toThrow(InvalidInputError);
    expect(() => TimeSpan.fromDateRange(undefined as never)).toThrow(InvalidInputError);
    expect(() => span(1).toEndDate(new Date(Number.NaN))).toThrow(InvalidInputError);
  });

  test("counts from and to a date", () => {
    expect(TimeSpan.fromSeconds(5).toEndDate(start)).toEqual(end);
    expect(TimeSpan.fromSeconds(5).toStartDate(end)).toEqual(start);
    const before = Date.now();
    expect(span(0).toEndDate().getTime()).toBeGreaterThanOrEqual(before);
    expect(span(0).toStartDate().getTime()).toBeGreaterThanOrEqual(before);
  });

  test("stays within what a date can hold", () => {
    const forever = span(Number.MAX_VALUE);
    expect(forever.toEndDate(start).getTime()).toBe(8.64e15);
    expect(forever.toStartDate(start).getTime()).toBe(-8.64e15);
  });
});

describe("text", () => {
  test.each([
    ["5s", 5_000],
    ["250ms", 250],
    ["1.5h", 5_400_000],
    ["2d", 172_800_000],
    ["1h 30m", 5_400_000],
    ["1m30s", 90_000],
    [" 1 m ", 60_000],
    ["0s", 0],
    ["1e3s", 1_000_000],
  ])("reads %j", (text, milliseconds) => {
    expect(TimeSpan.fromStr(text).toMilliseconds()).toBe(milliseconds);
  });

  test.each(["", " ", "5", "s", "-5s", "5 parsecs", "5s later", "5s,1m", "Infinitys", "1e999d", 5, null, undefined])(
    "refuses %j",
    (text) => {
      expect(() => TimeSpan.fromStr(text as string)).toThrow(InvalidInputError);
    },
  );

  test("says how to write it", () => {
    expect(() => TimeSpan.fromStr("soon")).toThrow('such as "5s" or "1h 30m"');
  });

  test.each([
    [0, "0ms"],
    [5_000, "5s"],
    [90_061_001, "1d 1h 1m 1s 1ms"],
    [0.5, "0.5ms"],
    [5_400_000, "1h 30m"],
  ])("writes %d ms as %j", (milliseconds, text) => {
    expect(String(span(milliseconds))).toBe(text);
    expect(TimeSpan.fromStr(text)).toEqual(span(milliseconds));
  });

  test("reads back what it writes of extreme lengths", () => {
    for (const milliseconds of [1e-7, 1e30]) {
      expect(TimeSpan.fromStr(String(span(milliseconds))).toMilliseconds()).toBe(milliseconds);
    }
  });
});

describe("arithmetic", () => {
  test.each([
    ["Milliseconds", 1],
    ["Seconds", 1_000],
    ["Minutes", 60_000],
    ["Hours", 3_600_000],
    ["Days", 86_400_000],
  ] as const)("adds and subtracts %s", (unit, length) => {
    const start = span(1);
    expect(start[`add${unit}`](2).toMilliseconds()).toBe(1 + 2 * length);
    expect(
      span(1 + 2 * length)
        [`subtract${unit}`](2)
        .toMilliseconds(),
    ).toBe(1);
    expect(start[`subtract${unit}`](2).toMilliseconds()).toBe(0);
    expect(start.toMilliseconds()).toBe(1);
  });

  test("adds and subtracts time spans", () => {
    expect(span(5).addTimeSpan(span(2))).toEqual(span(7));
    expect(span(5).addTimeSpan(foreign(2))).toEqual(span(7));
    expect(span(5).subtractTimeSpan(foreign(2))).toEqual(span(3));
    expect(span(5).subtractTimeSpan(span(9))).toEqual(span(0));
    expect(() => span(5).addTimeSpan(2 as never)).toThrow(InvalidInputError);
  });

  test("multiplies and divides to whole milliseconds", () => {
    expect(span(5).multiply(1.5).toMilliseconds()).toBe(8);
    expect(span(5).multiply(0).toMilliseconds()).toBe(0);
    expect(span(10).divide(3).toMilliseconds()).toBe(3);
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, -1, "2"])("refuses to multiply or divide by %s", (factor) => {
    expect(() => span(5).multiply(factor as number)).toThrow(InvalidInputError);
    expect(() => span(5).divide(factor as number)).toThrow(InvalidInputError);
  });

  test("refuses to divide by zero", () => {
    expect(() => span(5).divide(0)).toThrow("pass a number greater than zero");
  });

  test("rounds down to whole units", () => {
    const almostTwoDays = TimeSpan.fromDays(2).subtractMilliseconds(1);
    expect(almostTwoDays.toDays()).toBe(1);
    expect(almostTwoDays.toHours()).toBe(47);
    expect(almostTwoDays.toMinutes()).toBe(2_879);
    expect(almostTwoDays.toSeconds()).toBe(172_799);
  });
});

describe("comparison", () => {
  test.each([
    [1, 2, { equals: false, gt: false, gte: false, lt: true, lte: true }],
    [2, 2, { equals: true, gt: false, gte: true, lt: false, lte: true }],
    [3, 2, { equals: false, gt: true, gte: true, lt: false, lte: false }],
  ])("%d ms with %d ms", (left, right, expected) => {
    for (const other of [span(right), foreign(right)]) {
      const { equals, gt, gte, lt, lte } = expected;
      expect(span(left).equals(other)).toBe(equals);
      expect(span(left).gt(other)).toBe(gt);
      expect(span(left).gte(other)).toBe(gte);
      expect(span(left).lt(other)).toBe(lt);
      expect(span(left).lte(other)).toBe(lte);
    }
  });
});
