// The same adapter as applications may write it: not with a class, not with parameters, not with promises.

import type { ILockAdapter } from "../../ts/lock/contracts";

type Method = (...args: unknown[]) => unknown;

/** An object with the methods of another. */
export function methodsOf<Adapter extends object>(adapter: Adapter): Adapter {
  return mapMethods(adapter, (method) => method);
}

/** With methods that declare no parameters. */
export function restMethodsOf<Adapter extends object>(adapter: Adapter): Adapter {
  return mapMethods(
    adapter,
    (method) =>
      (...args) =>
        method(...args),
  );
}

/** With methods that answer something that is like a promise, and no more. */
export function thenableMethodsOf<Adapter extends object>(adapter: Adapter): Adapter {
  return mapMethods(adapter, (method) => (...args) => ({
    // biome-ignore lint/suspicious/noThenProperty: a thenable is what is to be tested
    then: (resolve: (answer: unknown) => void, reject: (error: unknown) => void) => {
      (method(...args) as Promise<unknown>).then(resolve, reject);
    },
  }));
}

/** As a proxy of something in another thread or process, which knows no names but takes them all. */
export function everyNameIsAMethod(adapter: ILockAdapter): ILockAdapter {
  return new Proxy(adapter, {
    get:
      (target, name) =>
      (...args: unknown[]) =>
        (Reflect.get(target, name) as Method).apply(target, args),
  });
}

function mapMethods<Adapter extends object>(adapter: Adapter, map: (method: Method) => Method): Adapter {
  const methods = [...methodNames(adapter)].map((name) => {
    const method = Reflect.get(adapter, name) as Method;
    return [name, map((...args) => method.apply(adapter, args))];
  });
  return Object.fromEntries(methods) as Adapter;
}

/** Those of its class and the classes that extends. */
function methodNames(adapter: object): Set<string> {
  const names = new Set<string>();
  for (let level = adapter; level !== Object.prototype; level = Object.getPrototypeOf(level) as object) {
    for (const name of Object.getOwnPropertyNames(level)) {
      if (name !== "constructor" && typeof Reflect.get(adapter, name) === "function") {
        names.add(name);
      }
    }
  }
  return names;
}
