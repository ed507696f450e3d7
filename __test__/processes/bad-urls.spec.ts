// What names no place for locks is refused at once, before any file is touched.

import { expect, test } from "vitest";
import { LockProvider } from "../../ts/lock";
import { SqliteLockAdapter } from "../../ts/lock/adapters";
import { ConfigurationLockError } from "../../ts/lock/contracts";
import { InvalidInputError } from "../../ts/utilities";

test.each([
  ["", /no scheme: use .*"sqlite:PATH"/],
  ["locks.db", /no scheme: use .*"sqlite:PATH"/],
  ["sqlite:", /names no file: use "sqlite:PATH"/],
  ["sqlite://", /names no file: use "sqlite:PATH"/],
  ["nope:", /no adapter answers to "nope:": use .*"sqlite:PATH"/],
  ["sqlite:locks.db?mode=ro", /question mark: give only the path of the file/],
  ["sqlite:locks\0.db", /NUL or a question mark: give only the path of the file/],
])("%j as adapter of a provider", (adapter, advice) => {
  expectThrown(() => new LockProvider({ adapter }), ConfigurationLockError, "LOCK_CONFIGURATION", advice);
});

test.each([5, true, {}])("%j as adapter of a provider", (adapter) => {
  const make = () => new LockProvider({ adapter: adapter as unknown as string });
  expectThrown(make, InvalidInputError, "INVALID_INPUT", /pass .*adapter of this package/);
});

test.each(["", "locks.db", "memory:", "nope:", 5, undefined])("%j as url of an SqliteLockAdapter", (url) => {
  const make = () => new SqliteLockAdapter({ url: url as string });
  expectThrown(make, ConfigurationLockError, "LOCK_CONFIGURATION", /pass "sqlite:PATH"/);
});

test.each(["", "a b", "1st", "sqlite_locks", "l".repeat(49), 5, {}])("%j as tableName", (tableName) => {
  const make = () => new SqliteLockAdapter({ url: "sqlite:locks.db", tableName: tableName as string });
  expectThrown(
    make,
    ConfigurationLockError,
    "LOCK_CONFIGURATION",
    /use 1 to 48 ASCII letters|choose another tableName/,
  );
});

function expectThrown(
  make: () => unknown,
  errorClass: new (message: string) => Error,
  code: string,
  advice: RegExp,
): void {
  expect(make).toThrow(errorClass);
  expect(make).toThrow(expect.objectContaining({ code, message: expect.stringMatching(advice) }));
}
