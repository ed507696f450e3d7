import { describe, expect, test } from "vitest";
import { InvalidInputError, Namespace } from "../../ts/utilities";

describe("Namespace", () => {
  test.each([
    [new Namespace(["@", "lock"]), "k", "@/lock:_rt:k", "k"],
    [new Namespace("lock"), ["resource", "1"], "lock:_rt:resource/1", "resource/1"],
    [new Namespace(["a", "b"], { keyDelimiter: "|", identifierDelimiter: "::" }), ["x", "y"], "a|b::_rt::x|y", "x/y"],
  ])("%s makes the key %j", (namespace, key, namespaced, resolved) => {
    expect(namespace.create(key)).toMatchObject({ namespaced, resolved });
  });

  test("accepts the other spelling of its delimiters", () => {
    const namespace = new Namespace(["a", "b"], { keyDelimeter: "|", identifierDelimeter: "::" });
    expect(namespace.create(["x", "y"]).namespaced).toBe("a|b::_rt::x|y");
  });

  test("prefers the correct spelling when both are given", () => {
    const namespace = new Namespace(["a", "b"], {
      keyDelimeter: "1",
      keyDelimiter: "|",
      identifierDelimeter: "2",
      identifierDelimiter: "::",
    });
    expect(namespace.create(["x", "y"]).namespaced).toBe("a|b::_rt::x|y");
  });

  test("reads an iterable once", () => {
    function* segments() {
      yield "resource";
      yield "1";
    }
    const namespace = new Namespace(segments());
    expect(namespace.create(segments())).toEqual({
      namespaced: "resource/1:_rt:resource/1",
      resolved: "resource/1",
      segments: ["resource", "1"],
    });
    expect(namespace.setKeyDelimiter("-").create("k").namespaced).toBe("resource-1:_rt:k");
  });

  test("leaves out empty segments", () => {
    expect(new Namespace(["", "a", ""]).create(["b", "", "c"]).namespaced).toBe("a:_rt:b/c");
  });

  test.each(["", [], ["", ""]])("refuses the empty key %j and says what to pass", (key) => {
    const create = () => new Namespace("lock").create(key);
    expect(create).toThrow(InvalidInputError);
    expect(create).toThrow("pass create a string, or an iterable of strings, of which at least one is not empty");
  });

  test.each([undefined, null, 1, [1], {}])("refuses %j, which is no text", (key) => {
    expect(() => new Namespace("lock").create(key as string)).toThrow(InvalidInputError);
  });

  test("refuses a key with the root identifier", () => {
    const create = () => new Namespace("lock").create("a_rt");
    expect(create).toThrow(InvalidInputError);
    expect(create).toThrow('Resolved key "a_rt" cannot include "_rt"');
  });

  test("refuses a key whose delimiters complete the root identifier", () => {
    expect(() => new Namespace("lock", { keyDelimiter: "_" }).create(["a", "rt"])).toThrow(
      'Resolved key "a_rt" cannot include "_rt"',
    );
  });

  test("refuses a root with the root identifier at once", () => {
    const construct = () => new Namespace(["a", "_rt"]);
    expect(construct).toThrow(InvalidInputError);
    expect(construct).toThrow('Namespace root "a/_rt" cannot include "_rt"');
  });

  test.each(["", [], [""]])("refuses the empty root %j at once", (root) => {
    expect(() => new Namespace(root)).toThrow(InvalidInputError);
  });

  test("refuses an empty root identifier", () => {
    expect(() => new Namespace("lock", { rootIdentifier: "" })).toThrow(InvalidInputError);
  });

  test("changes by making a new namespace", () => {
    const original = new Namespace(["a", "b"]);
    const key = ["x", "y"];
    expect(original.setKeyDelimiter("|").create(key).namespaced).toBe("a|b:_rt:x|y");
    expect(original.setKeyDelimeter("|").create(key).namespaced).toBe("a|b:_rt:x|y");
    expect(original.setIdentifierDelimiter("::").create(key).namespaced).toBe("a/b::_rt::x/y");
    expect(original.setIdentifierDelimeter("::").create(key).namespaced).toBe("a/b::_rt::x/y");
    expect(original.setRootIdentifier("@@").create(["_rt"]).namespaced).toBe("a/b:@@:_rt");
    expect(original.appendRoot("c").create(key).namespaced).toBe("a/b/c:_rt:x/y");
    expect(original.appendRoot(["c", "d"]).create(key).namespaced).toBe("a/b/c/d:_rt:x/y");
    expect(original.prependRoot("c").create(key).namespaced).toBe("c/a/b:_rt:x/y");
    expect(original.create(key).namespaced).toBe("a/b:_rt:x/y");
  });

  test("keeps its other settings when one changes", () => {
    const namespace = new Namespace("a", { keyDelimiter: "|", identifierDelimiter: "::", rootIdentifier: "root" });
    expect(namespace.appendRoot("b").create(["x", "y"]).namespaced).toBe("a|b::root::x|y");
  });

  test("shows its root as text", () => {
    expect(String(new Namespace(["@", "lock"]))).toBe("@/lock");
  });
});
