import { describe, expect, test, vi } from "vitest";
import { type AbortSignalBinder, AsyncHooks, type AsyncMiddleware, type AsyncMiddlewareCall } from "../../ts/async";

type Args = [text: string, signal?: AbortSignal];

const signalBinder: AbortSignalBinder<Args> = {
  getSignal: ([, signal]) => signal,
  forwardSignal: (args, signal) => {
    args[1] = signal;
  },
};

const surround =
  (mark: string): AsyncMiddleware<[string], string> =>
  async ([text], next) =>
    `${mark}${await next(`${text}${mark}`)}${mark}`;

describe("AsyncHooks", () => {
  test("calls the function with its arguments", async () => {
    const shout = new AsyncHooks((text: string) => text.toUpperCase(), []);
    expect(await shout.invoke("hey")).toBe("HEY");
    expect(await shout.toFunc()("ho")).toBe("HO");
  });

  test("the first middleware is the outermost, and may change arguments and result", async () => {
    const hooks = new AsyncHooks((text: string) => `(${text})`, [surround("1"), surround("2")]);
    expect(await hooks.invoke("x")).toBe("12(x12)21");
    expect(await hooks.pipe(surround("3")).invoke("x")).toBe("123(x123)321");
    expect(await hooks.pipeWhen(true, [surround("3")]).invoke("x")).toBe("123(x123)321");
    expect(await hooks.pipeWhen(false, surround("3")).invoke("x")).toBe("12(x12)21");
    expect(await hooks.invoke("x")).toBe("12(x12)21");
  });

  test("a middleware may be an object, answer without calling, or call twice", async () => {
    const work = vi.fn(async () => 1);
    expect(await new AsyncHooks(work, { invoke: () => 7 }).invoke()).toBe(7);
    expect(work).not.toHaveBeenCalled();
    await new AsyncHooks(work, async (_args, next) => (await next()) + (await next())).invoke();
    expect(work).toHaveBeenCalledTimes(2);
  });

  test("whatever throws is a rejection", async () => {
    const fail = () => {
      throw new Error("no");
    };
    await expect(new AsyncHooks(fail, []).invoke()).rejects.toThrow("no");
    await expect(new AsyncHooks(() => 1, fail).invoke()).rejects.toThrow("no");
    const badBinder = { getSignal: fail, forwardSignal: () => undefined };
    await expect(new AsyncHooks(() => 1, [], { signalBinder: badBinder }).invoke()).rejects.toThrow("no");
  });

  test("tells middlewares the name, the context and the binder", async () => {
    let call: AsyncMiddlewareCall<Args, { tenant: string }> | undefined;
    async function greet(text: string, _signal?: AbortSignal) {
      return text;
    }
    const look: AsyncMiddleware<Args, string, { tenant: string }> = (args, next, seen) => {
      call = seen;
      return next(...args);
    };
    const settings = { signalBinder, context: { tenant: "a" } };
    await new AsyncHooks(greet, look, settings).invoke("hey");
    expect(call).toMatchObject({ name: "greet", context: { tenant: "a" }, signalBinder });
    await new AsyncHooks(greet, [], { ...settings, name: "other" }).pipe(look).invoke("hey");
    expect(call).toMatchObject({ name: "other", context: { tenant: "a" }, signalBinder });
  });
});

describe("abort signals of AsyncHooks", () => {
  const hang = (_text: string, signal?: AbortSignal) =>
    new Promise<string>((_resolve, reject) => {
      signal?.addEventListener("abort", () => reject(signal.reason));
    });
  const pass: AsyncMiddleware<Args, string> = (args, next) => next(...args);

  test("the caller's abort reaches every middleware and the function", async () => {
    const signals: AbortSignal[] = [];
    const keep: AsyncMiddleware<Args, string> = (args, next, { signal }) => {
      signals.push(signal);
      return next(...args);
    };
    const controller = new AbortController();
    const settled = new AsyncHooks(hang, [keep, keep], { signalBinder }).invoke("x", controller.signal);
    controller.abort("enough");
    await expect(settled).rejects.toBe("enough");
    expect(signals.map((signal) => signal.reason)).toEqual(["enough", "enough"]);
  });

  test("a call that is aborted already begins aborted", async () => {
    const reason = await new AsyncHooks((_text: string, signal?: AbortSignal) => signal?.reason as string, [pass], {
      signalBinder,
    }).invoke("x", AbortSignal.abort("before"));
    expect(reason).toBe("before");
  });

  test("a middleware aborts what is inside it, not what is outside", async () => {
    const aborted: string[] = [];
    const watch =
      (name: string): AsyncMiddleware<Args, string> =>
      (args, next, { signal }) => {
        signal.addEventListener("abort", () => aborted.push(name));
        return next(...args);
      };
    const give: AsyncMiddleware<Args, string> = (args, next, { abort }) => {
      const result = next(...args);
      abort("enough");
      return result;
    };
    const controller = new AbortController();
    const hooks = new AsyncHooks(hang, [watch("outside"), give, watch("inside")], { signalBinder });
    await expect(hooks.invoke("x", controller.signal)).rejects.toBe("enough");
    expect(aborted).toEqual(["inside"]);
    expect(controller.signal.aborted).toBe(false);
  });

  test("an outer abort reaches inner middlewares of a function that takes no signal", async () => {
    let inner: AbortSignal | undefined;
    const give: AsyncMiddleware<[], number> = async (_args, next, { abort }) => {
      const result = next();
      abort("enough");
      return result;
    };
    const look: AsyncMiddleware<[], number> = (_args, next, { signal }) => {
      inner = signal;
      return next();
    };
    await new AsyncHooks(async () => 1, [give, look]).invoke();
    expect(inner?.reason).toBe("enough");
  });

  test("leaves no listener on the caller's signal", async () => {
    const { signal } = new AbortController();
    const add = vi.spyOn(signal, "addEventListener");
    const remove = vi.spyOn(signal, "removeEventListener");
    await new AsyncHooks(async (text: string, _signal?: AbortSignal) => text, [pass], { signalBinder }).invoke(
      "x",
      signal,
    );
    expect(add).toHaveBeenCalledTimes(1);
    expect(remove).toHaveBeenCalledWith("abort", add.mock.calls[0]?.[1]);
  });
});
