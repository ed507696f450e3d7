// What SQLite's file can be instead of a usable file: every verb says what is wrong, in an error that a program can tell
// from others, nothing that was there is touched, and when the obstacle is gone the same adapter works.

import { spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { makeFolder } from "./folder";
import { type Failure, RemoteAdapter, type RemoteAdapterSettings, VERBS } from "./remote-adapter";

const IS_WINDOWS = process.platform === "win32";
const IS_SUPERUSER = process.getuid?.() === 0;

const CONFIGURATION = { isAdapterError: true, name: "ConfigurationLockError", code: "LOCK_CONFIGURATION" };
const DATABASE = { isAdapterError: true, name: "DatabaseLockError", code: "LOCK_DATABASE" };

let folder: string;
let file: string;
beforeEach(() => {
  folder = makeFolder();
  file = join(folder, "locks.db");
});

function connect(settings: Partial<RemoteAdapterSettings> = {}, through: readonly string[] = []): RemoteAdapter {
  return new RemoteAdapter({ url: `sqlite:${file}`, ...settings }, through);
}

/** Makes the database, with a lock on "held" in it. */
async function prepare(settings: Partial<RemoteAdapterSettings> = {}): Promise<void> {
  const preparing = connect(settings);
  expect(await preparing.ask("acquire", "held")).toBe(true);
  await preparing.dismiss();
}

async function expectRefusal(remote: RemoteAdapter, kind: Omit<Failure, "message">, advice: RegExp): Promise<void> {
  for (const verb of VERBS) {
    const message = expect.stringMatching(advice);
    expect(await remote.failureOf(verb, "fresh"), verb).toEqual({ ...kind, message });
  }
}

async function expectWorking(remote: RemoteAdapter): Promise<void> {
  await remote.ask("init");
  expect(await remote.ask("acquire", "fresh")).toBe(true);
  expect(await remote.ask("acquire", "fresh")).toBe(false);
  expect(await remote.ask("release", "fresh")).toBe(true);
}

async function expectStillHeld(remote: RemoteAdapter): Promise<void> {
  expect(await remote.ask("acquire", "held")).toBe(false);
}

/** All files of the folder with all that is in them. */
function contents(): Record<string, string> {
  return Object.fromEntries(
    readdirSync(folder)
      .sort()
      .map((name) => [name, readFileSync(join(folder, name), "base64")]),
  );
}

describe("a path that is no file", () => {
  test("a directory", async () => {
    mkdirSync(file);
    const remote = connect();
    await expectRefusal(remote, CONFIGURATION, /is a directory: name a file in it/);
    expect(readdirSync(file)).toEqual([]);
    rmdirSync(file);
    await expectWorking(remote);
  });

  test("a missing directory", async () => {
    file = join(folder, "missing", "locks.db");
    const remote = connect();
    await expectRefusal(
      remote,
      CONFIGURATION,
      /the directory .*missing of the database file does not exist: create it/,
    );
    expect(readdirSync(folder)).toEqual([]);
    mkdirSync(dirname(file));
    await expectWorking(remote);
  });
});

describe("what is no lock database", () => {
  test("a file of something else", async () => {
    writeFileSync(file, "This is not a database, however long it goes on. ".repeat(200));
    const before = contents();
    const remote = connect();
    await expectRefusal(remote, CONFIGURATION, /not a SQLite database, so name another one/);
    expect(contents()).toEqual(before);
    rmSync(file);
    await expectWorking(remote);
  });

  test("a database that is damaged", async () => {
    await prepare();
    const bytes = readFileSync(file);
    writeFileSync(file, bytes.fill(0xa5, 4096));
    const before = contents();
    const remote = connect();
    await expectRefusal(remote, DATABASE, /damaged; move it away, and a new one is made/);
    expect(contents()["locks.db"]).toBe(before["locks.db"]);
    renameSync(file, join(folder, "damaged.db"));
    await expectWorking(remote);
  });

  // Windows lets nobody move a file that is open.
  if (!IS_WINDOWS) {
    test("a database that is damaged while it is in use", async () => {
      const remote = connect();
      expect(await remote.ask("acquire", "own")).toBe(true);
      // What another process wrote is not in the memory of this one: it has to read it.
      await prepare();
      for (const name of ["locks.db", "locks.db-wal"]) {
        writeFileSync(join(folder, name), readFileSync(join(folder, name)).fill(0xa5));
      }
      for (const verb of ["acquire", "release", "getState"]) {
        const failure = await remote.failureOf(verb, "fresh");
        expect(failure, verb).toMatchObject({ isAdapterError: true });
        expect(failure?.message, verb).toMatch(/move it away, and a new one is made|name another one/);
      }
      for (const name of readdirSync(folder)) {
        renameSync(join(folder, name), join(folder, `damaged ${name}`));
      }
      await expectWorking(remote);
      expect(readdirSync(folder)).toContain("locks.db");
    });
  }

  // Each of two adapters has a table by the name that the other needs.
  test.each([
    ["jobs", "jobs_meta", /"jobs_meta" has the columns \(name, value\).*choose another tableName/],
    ["jobs_meta", "jobs", /"jobs_meta" has the columns \(key, owner, .*choose another tableName/],
  ])("tables of something else: those of %s for %s", async (theirs, ours, advice) => {
    await prepare({ tableName: theirs });
    const before = readFileSync(file);
    const remote = connect({ tableName: ours });
    await expectRefusal(remote, CONFIGURATION, advice);
    expect(readFileSync(file)).toEqual(before);
    const other = connect({ tableName: theirs });
    await expectStillHeld(other);
    await other.ask("forceRelease", "held");
    await other.ask("deInit");
    await expectWorking(remote);
  });
});

describe("a place that must not be written to", () => {
  /** For everybody but the superuser. */
  function forbid(path: string, mode: number): void {
    chmodSync(path, mode & 0o555);
    onTestFinished(() => chmodSync(folder, 0o700));
  }

  function nobody(): RemoteAdapter {
    if (IS_SUPERUSER) {
      for (const path of [folder, ...readdirSync(folder).map((name) => join(folder, name))]) {
        chownSync(path, 65_534, 65_534);
      }
    }
    return connect({ asNobody: IS_SUPERUSER });
  }

  test("a read-only file", async () => {
    await prepare();
    const before = contents();
    const remote = nobody();
    forbid(file, 0o600);
    await expectRefusal(remote, CONFIGURATION, /read-only: let this process write to it and to its directory/);
    expect(contents()).toEqual(before);
    chmodSync(file, 0o600);
    await expectStillHeld(remote);
    await expectWorking(remote);
  });

  // Windows knows no directories that cannot be written to by their mode.
  if (!IS_WINDOWS) {
    test("a read-only directory with the file in it", async () => {
      await prepare();
      const before = contents();
      const remote = nobody();
      forbid(folder, 0o700);
      await expectRefusal(remote, CONFIGURATION, /let this process write to the file and to its directory/);
      expect(contents()).toEqual(before);
      chmodSync(folder, 0o700);
      await expectStillHeld(remote);
      await expectWorking(remote);
    });

    test("a read-only directory without the file", async () => {
      const remote = nobody();
      forbid(folder, 0o700);
      await expectRefusal(remote, CONFIGURATION, /let this process write to the file and to its directory/);
      expect(contents()).toEqual({});
      chmodSync(folder, 0o700);
      await expectWorking(remote);
    });

    test("a file that must not be read either", async () => {
      await prepare();
      const remote = nobody();
      forbid(file, 0o000);
      await expectRefusal(remote, CONFIGURATION, /let this process write to the file and to its directory/);
      chmodSync(file, 0o600);
      await expectStillHeld(remote);
      await expectWorking(remote);
    });
  }
});

describe("a place without room", () => {
  /** Acquires fresh keys until it cannot, and answers how many those were, and why. */
  async function acquireUntilFailure(remote: RemoteAdapter): Promise<{ acquired: number; failure: Failure }> {
    for (let acquired = 0; ; acquired += 1) {
      const failure = await remote.failureOf("acquire", `key ${acquired}`);
      if (failure !== undefined) {
        return { acquired, failure };
      }
    }
  }

  async function expectHeld(remote: RemoteAdapter, count: number): Promise<void> {
    for (let number = 0; number < count; number += 1) {
      expect(await remote.ask("getState", `key ${number}`), `key ${number} of ${count}`).toMatchObject({
        owner: "remote",
      });
    }
    expect(await remote.ask("getState", `key ${count}`)).toBeNull();
  }

  // No shell that could set the limit, and no such limit.
  if (!IS_WINDOWS) {
    test("a file that must not grow", async () => {
      // Half a megabyte or a whole one: the unit is up to the shell.
      const remote = connect({}, ["sh", "-c", 'ulimit -f 1024 && exec "$@"', "sh"]);
      const { acquired, failure } = await acquireUntilFailure(remote);
      expect(failure).toEqual({ ...DATABASE, message: expect.stringMatching(/disk .*full/) });
      expect(acquired).toBeGreaterThan(0);
      await expectHeld(remote, acquired);

      const unlimited = connect();
      await expectHeld(unlimited, acquired);
      // When enough is written, the write-ahead log moves into the file and begins anew.
      while ((await remote.failureOf("acquire", "again")) !== undefined) {
        for (let time = 0; time < 5; time += 1) {
          await unlimited.ask("acquire", "again");
          await unlimited.ask("release", "again");
        }
      }
      await expectWorking(remote);
    });
  }

  const mount = ["unshare", IS_SUPERUSER ? "-m" : "-rm"];
  // Where a process may have a file system of its own, the disk can really be full.
  if (spawnSync(mount[0] as string, [...mount.slice(1), "mount", "-t", "tmpfs", "none", "/tmp"]).status === 0) {
    const on = (size: string) => [
      ...mount,
      ...["sh", "-c", `mount -t tmpfs -o size=${size} none "$0" && exec "$@"`, folder],
    ];

    test("a disk that was full before", async () => {
      const remote = connect({}, on("1m"));
      const filler = join(folder, "filler");
      await remote.ask("fill", filler);
      await expectRefusal(remote, DATABASE, /disk .*full/);
      await remote.ask("free", filler);
      await expectWorking(remote);
    });

    test("a disk that fills up", async () => {
      const remote = connect({}, on("1m"));
      const filler = join(folder, "filler");
      expect(await remote.ask("acquire", "held")).toBe(true);
      await remote.ask("fill", filler);
      const { acquired, failure } = await acquireUntilFailure(remote);
      expect(failure).toEqual({ ...DATABASE, message: expect.stringMatching(/disk .*full/) });
      expect(await remote.failureOf("release", "held")).toEqual({ ...failure });
      await expectHeld(remote, acquired);
      await remote.ask("free", filler);
      await expectHeld(remote, acquired);
      await expectStillHeld(remote);
      expect(await remote.ask("release", "held")).toBe(true);
      await expectWorking(remote);
    });
  }
});
