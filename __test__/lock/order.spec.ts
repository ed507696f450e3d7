// Nobody waits for an answer before they ask the next: verbs on one key take effect in the order they were asked.

import { describe, expect, test } from "vitest";
import { LockProvider } from "../../ts/lock";
import { TimeSpan } from "../../ts/utilities";
import { BACKENDS, openAt, type Place } from "./backends";

/** More than fit any batch. */
const COUNT = 600;
const patience = { timeout: 120_000 };
const ttl = TimeSpan.fromMinutes(10);
const all = <T>(value: T) => Array.from({ length: COUNT }, () => value);

describe.each(Object.entries(BACKENDS))(
  "what is asked at the same time over %s",
  patience,
  (_, makePlace: () => Place) => {
    test("of many locks takes effect in the order of each", async () => {
      const adapter = openAt(makePlace());
      await adapter.init();
      const provider = new LockProvider({ adapter, defaultTtl: ttl });
      const locks = all(null).map((_none, number) => provider.create(`key ${number}`));
      const others = all(null).map((_none, number) => provider.create(`key ${number}`));
      const ask = (verb: "acquire" | "release", of: typeof locks) => Promise.all(of.map((lock) => lock[verb]()));

      const answers = await Promise.all([
        ask("acquire", locks),
        ask("acquire", others),
        ask("release", locks),
        ask("acquire", others),
        ask("release", others),
        ask("acquire", locks),
      ]);

      expect(answers).toEqual([all(true), all(false), all(true), all(true), all(true), all(true)]);
      await adapter.close();
    });

    test("of one key takes effect in its order, among other keys", async () => {
      const adapter = openAt(makePlace());
      await adapter.init();
      const rounds = Array.from({ length: COUNT / 4 }, (_none, number) => `owner ${number}`);

      const answers = await Promise.all(
        rounds.map((owner) =>
          Promise.all([
            adapter.acquire("key", owner, ttl),
            adapter.acquire(`of ${owner}`, owner, ttl),
            adapter.release("key", owner),
            adapter.release(`of ${owner}`, owner),
          ]),
        ),
      );

      expect(answers).toEqual(rounds.map(() => [true, true, true, true]));
      await adapter.close();
    });
  },
);
