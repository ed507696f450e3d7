// Servers that hang, die, come back, lose what was said, or have another idea of the time.

import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { promisify } from "node:util";
import { MongoClient } from "mongodb";
import { describe, expect, it, onTestFinished } from "vitest";
import { LockProvider } from "../../ts/lock";
import { MongodbLockAdapter, type MongodbLockAdapterOptions } from "../../ts/lock/adapters";
import {
  AmbiguousLockError,
  ConfigurationLockError,
  ConnectionLockError,
  LOCK_EVENTS,
  LOCK_REFRESH_RESULT,
} from "../../ts/lock/contracts";
import { TimeSpan } from "../../ts/utilities";
import { Link } from "./mongodb/link";
import { Load } from "./mongodb/load";
import { OwnServer, REPLICA_SET_URL } from "./mongodb/servers";

const run = promisify(execFile);
const minutes = TimeSpan.fromMinutes(10);
const database = "holdfast_faults";
/** Starting servers takes its time on a busy machine. */
const TIMEOUT = 300_000;
/** Far longer than what is asked takes, and far shorter than for ever. */
const BOUND_MS = 60_000;
/** Of adapters that are not answered; what is answered at last takes less on a busy machine. */
const IMPATIENT = timeouts(3_000);
const keys = Array.from({ length: 16 }, (_, index) => `key ${index}`);

function open(url: string, options: MongodbLockAdapterOptions = {}): MongodbLockAdapter {
  const collectionName = `lock_${randomUUID()}`;
  const adapter = new MongodbLockAdapter({ url, database, collectionName, ...timeouts(BOUND_MS), ...options });
  onTestFinished(() => adapter.close());
  return adapter;
}

function timeouts(milliseconds: number): MongodbLockAdapterOptions {
  return { connectTimeout: milliseconds, commandTimeout: milliseconds };
}

/** Over the link, and beside it. */
function overOneCollection(link: Link): [LockProvider, LockProvider] {
  const collectionName = `lock_${randomUUID()}`;
  const over = (url: string) => new LockProvider({ adapter: open(url, { collectionName }) });
  return [over(link.url), over(REPLICA_SET_URL)];
}

/** Each verb, on a key and on one of its own. */
function everyVerb(adapter: MongodbLockAdapter): Promise<unknown>[] {
  return [
    adapter.acquire("free", "me", minutes),
    adapter.acquire("held", "they", minutes),
    adapter.refresh("held", "me", minutes),
    adapter.release("held", "they"),
    adapter.forceRelease("other"),
    adapter.getState("held"),
    adapter.removeAllExpired(),
  ];
}

async function expectOutage(asked: Promise<unknown>[]): Promise<void> {
  const begun = performance.now();
  for (const outcome of await Promise.allSettled(asked)) {
    expect(outcome.status).toBe("rejected");
    const { reason } = outcome as PromiseRejectedResult;
    expect([AmbiguousLockError, ConnectionLockError], String(reason)).toContain(reason.constructor);
  }
  expect(performance.now() - begun).toBeLessThan(BOUND_MS);
}

async function fenceOf(provider: LockProvider, key: string): Promise<bigint> {
  const lock = provider.create(key, { ttl: minutes });
  await lock.acquireOrFail();
  return lock.fence ?? 0n;
}

describe("a server", { timeout: TIMEOUT }, () => {
  it("that hangs is an error within the timeouts, and goes on afterwards", async () => {
    const server = await OwnServer.start();
    const adapter = open(server.url, IMPATIENT);
    const provider = new LockProvider({ adapter });
    const fence = await fenceOf(provider, "fenced");
    await adapter.acquire("held", "me", minutes);
    await server.freeze();
    await expectOutage(everyVerb(adapter));
    await expectOutage(everyVerb(adapter));
    server.thaw();
    await expect
      .poll(() => adapter.getState("held").catch(() => null), { timeout: BOUND_MS })
      .toMatchObject({
        owner: "me",
      });
    await provider.create("fenced").forceRelease();
    expect(await fenceOf(provider, "fenced")).toBeGreaterThan(fence);
  });

  it("that is killed and comes back has kept what it granted, and its fences grow", async () => {
    const server = await OwnServer.start({ isReplicaSet: true });
    const adapter = open(server.url, IMPATIENT);
    const provider = new LockProvider({ adapter });
    const fences = await Promise.all(keys.map((key) => fenceOf(provider, key)));
    await adapter.acquire("held", "me", null);
    await server.kill();
    await expectOutage(everyVerb(adapter));
    await server.run();
    await expect
      .poll(() => adapter.getState("held").catch(() => null), { timeout: BOUND_MS })
      .toMatchObject({
        owner: "me",
        expiration: null,
      });
    for (const [index, key] of keys.entries()) {
      expect(await provider.create(key).acquire()).toBe(false);
      expect(await provider.create(key).forceRelease()).toBe(true);
      expect(await fenceOf(provider, key)).toBeGreaterThan(fences[index] ?? 0n);
    }
  });

  it("that is not there at first is found later", async () => {
    const server = await OwnServer.start();
    await server.kill();
    const adapter = open(server.url, IMPATIENT);
    await expect(adapter.acquire("held", "me", minutes)).rejects.toThrow(ConnectionLockError);
    await server.run();
    expect(await adapter.acquire("held", "me", minutes)).toBe(true);
  });

  it("deletes what is over for long, and the next fence is greater all the same", async () => {
    const server = await OwnServer.start();
    const client = new MongoClient(server.url);
    onTestFinished(() => client.close());
    const collectionName = "lock";
    const adapter = new MongodbLockAdapter({ database: client.db(database), collectionName });
    onTestFinished(() => adapter.close());
    const provider = new LockProvider({ adapter });
    const documents = client.db(database).collection(collectionName);
    for (let last = 0n, round = 0; round < 3; round++) {
      const fence = await fenceOf(provider, "k");
      expect(fence).toBeGreaterThan(last);
      last = fence;
      await provider.create("k").forceRelease();
      expect(await documents.countDocuments()).toBe(1);
      // As if the time had passed for which it is kept.
      await documents.updateOne({}, { $set: { expiration: new Date(Date.now() - 3_600_000) } });
      await expect.poll(() => documents.countDocuments(), { timeout: BOUND_MS }).toBe(0);
    }
  });
});

describe("under load", { timeout: TIMEOUT }, () => {
  it("connections that are cut leave nothing but answers and typed errors", async () => {
    const link = await Link.before(REPLICA_SET_URL);
    const provider = new LockProvider({ adapter: open(link.url) });
    const load = new Load(provider, keys);
    let cut = 0;
    for (let time = 0; time < 10; time++) {
      await setTimeout(200);
      cut += link.cut();
    }
    await load.stop();
    expect(load.faults).toEqual([]);
    expect(load.cycles).toBeGreaterThan(0);
    // A verb that was cut off need not fail: what became of it is looked up.
    expect(cut).toBeGreaterThan(0);
    expect(await load.orphans()).toEqual([]);
  });

  it("operations that are killed leave nothing but answers and typed errors", async () => {
    const server = await OwnServer.start({ isReplicaSet: true });
    const provider = new LockProvider({ adapter: open(server.url) });
    const client = new MongoClient(server.url);
    onTestFinished(() => client.close());
    const admin = client.db("admin");
    const load = new Load(provider, keys);
    let killed = 0;
    for (const begun = performance.now(); performance.now() - begun < BOUND_MS && killed < 50; ) {
      const { inprog } = await admin.command({ currentOp: 1, "command.findAndModify": { $exists: true } });
      for (const { opid } of inprog as { opid: number }[]) {
        await admin.command({ killOp: 1, op: opid });
        killed++;
      }
    }
    await load.stop();
    expect(killed).toBeGreaterThanOrEqual(50);
    expect(load.faults).toEqual([]);
    expect(load.cycles).toBeGreaterThan(0);
    expect(await load.orphans()).toEqual([]);
  });

  it("a wait goes on over connections that were cut", async () => {
    const link = await Link.before(REPLICA_SET_URL);
    const [near, far] = overOneCollection(link);
    const held = far.create("k", { ttl: null });
    await held.acquireOrFail();
    let refused = false;
    await near.addListener(LOCK_EVENTS.UNAVAILABLE, () => {
      refused = true;
    });
    const settings = { interval: TimeSpan.fromSeconds(10), time: TimeSpan.fromHours(1) };
    const acquired = Promise.resolve(near.create("k").acquireBlocking(settings));
    await expect.poll(() => refused, { timeout: BOUND_MS }).toBe(true);
    link.cut();
    await setTimeout(200);
    await held.release();
    expect(await acquired).toBe(true);
  });

  it.each([1, 20])("connections that are cut while they are made are made again: %i", async (breaks) => {
    const link = await Link.before(REPLICA_SET_URL);
    const adapter = open(link.url);
    await adapter.init();
    link.breaks = breaks;
    // More than there are connections for.
    const granted = await Promise.all(keys.map((key) => adapter.acquire(key, "me", minutes)));
    expect(granted).toEqual(keys.map(() => true));
    expect(link.breaks).toBeLessThan(breaks);
  });

  it.each([
    ["it was asked for anew", false],
    ["somebody else has had it", true],
  ])("an acquire that arrives late takes nothing when %s", async (_, isTaken) => {
    const link = await Link.before(REPLICA_SET_URL);
    const [late, other] = overOneCollection(link);
    await other.create("another").acquireOrFail();
    await late.create("another").isLocked();
    link.mode = "hold";
    const lock = late.create("k", { ttl: minutes });
    const asked = Promise.allSettled([lock.acquire()]);
    await expect.poll(() => link.isHolding, { timeout: BOUND_MS }).toBe(true);
    const theirs = other.create("k", { ttl: minutes });
    expect(isTaken ? await theirs.acquire() : isTaken).toBe(isTaken);
    link.mode = "pass";
    link.cut();
    expect(await asked).toEqual([{ status: "fulfilled", value: !isTaken }]);
    const holder = isTaken ? theirs : lock;
    const fence = holder.fence ?? 0n;
    expect(await holder.release()).toBe(true);
    await link.deliver();
    expect(await other.create("k").isLocked()).toBe(false);
    expect(await fenceOf(late, "k")).toBeGreaterThan(fence);
  });

  it("a reply that is lost is no refusal", async () => {
    const link = await Link.before(REPLICA_SET_URL);
    const adapter = open(link.url, IMPATIENT);
    await adapter.init();
    link.mode = "swallow";
    await expect(adapter.acquire("k", "me", minutes)).rejects.toThrow(AmbiguousLockError);
    link.mode = "pass";
    link.cut();
    await expect
      .poll(() => adapter.getState("k").catch(() => null), { timeout: BOUND_MS })
      .toMatchObject({
        owner: "me",
      });
  });
});

describe("a client", { timeout: TIMEOUT }, () => {
  it.skipIf(process.platform !== "linux").each([-10, 10])(
    "whose clock is %i seconds off changes nothing",
    async (offset) => {
      const folder = await mkdtemp(join(tmpdir(), "holdfast-clock-"));
      onTestFinished(() => rm(folder, { recursive: true }));
      const shim = join(folder, "clock.so");
      await run("cc", ["-shared", "-fPIC", "-o", shim, join(__dirname, "mongodb/clock.c"), "-ldl"]);
      const collectionName = `lock_${randomUUID()}`;
      const adapter = open(REPLICA_SET_URL, { collectionName });
      await adapter.acquire("held", "me", minutes);
      const before = Date.now();
      const script = join(__dirname, "workers/skewed-mongodb.mjs");
      const { stdout } = await run(process.execPath, [script, REPLICA_SET_URL, database, collectionName], {
        env: { ...process.env, LD_PRELOAD: shim, CLOCK_OFFSET: String(offset) },
      });
      const seen = JSON.parse(stdout);
      // The shim works: its clock is off by about as much.
      expect(Math.sign(seen.now - before - (Date.now() - before) / 2)).toBe(Math.sign(offset));
      expect(seen).toMatchObject({ tookHeld: false, tookFree: true, refreshed: LOCK_REFRESH_RESULT.REFRESHED });
      expect(seen.remaining).toBeGreaterThan(30_000);
      expect(seen.remaining).toBeLessThanOrEqual(60_000);
      const state = await adapter.getState("free");
      const remaining = (state?.expiration?.getTime() ?? 0) - Date.now();
      expect(remaining).toBeGreaterThan(60_000 - (Date.now() - before) - 1000);
      expect(remaining).toBeLessThanOrEqual(60_000);
      expect(await adapter.acquire("free", "me", minutes)).toBe(false);
    },
  );
});

describe("a process", { timeout: TIMEOUT }, () => {
  it("that holds a lock and has waited for another ends when it has nothing more to do", async () => {
    const collectionName = `lock_${randomUUID()}`;
    const adapter = open(REPLICA_SET_URL, { collectionName });
    const provider = new LockProvider({ adapter });
    await provider.create("theirs", { ttl: null }).acquireOrFail();
    const script = join(__dirname, "workers/leaving-mongodb.mjs");
    // It rejects where the process fails, or is not over in time.
    const settings = { timeout: BOUND_MS };
    const ended = await run(process.execPath, [script, REPLICA_SET_URL, database, collectionName], settings);
    expect(ended).toEqual({ stdout: '{"mine":true,"theirs":false}', stderr: "" });
    expect(await provider.create("mine").isLocked()).toBe(true);
  });
});

describe("rights", { timeout: TIMEOUT }, () => {
  it("are those of the client, and their lack is a clear error", async () => {
    const server = await OwnServer.start({ programArguments: ["--auth"] });
    const password = "p@ss:w/rd %&+#";
    await server.command({ createUser: "root", pwd: password, roles: ["root"] });
    const root = new MongoClient(server.url, { auth: { username: "root", password } });
    onTestFinished(() => root.close());
    const admin = root.db("admin");
    const actions = ["find", "insert", "update", "remove", "listIndexes"];
    const privileges = [{ resource: { db: database, collection: "" }, actions }];
    await admin.command({ createRole: "limited", privileges, roles: [] });
    await admin.command({ createUser: "limited", pwd: password, roles: ["limited"] });
    const limited = new MongoClient(server.url, { auth: { username: "limited", password } });

    const withoutRights = new MongodbLockAdapter({ database: limited.db(database) });
    onTestFinished(() => withoutRights.close());
    const refused = withoutRights.init();
    await expect(refused).rejects.toThrow(ConfigurationLockError);
    await expect(refused).rejects.toThrow(/may not create the indexes .* readWrite/);

    const adapter = new MongodbLockAdapter({ database: root.db(database) });
    onTestFinished(() => adapter.close());
    expect(await adapter.acquire("k", "me", minutes)).toBe(true);
    // The indexes are there now, which is all it lacked.
    expect(await withoutRights.acquire("k", "they", minutes)).toBe(false);

    const wrong = new MongoClient(server.url, { auth: { username: "root", password: "secret" } });
    const stranger = new MongodbLockAdapter({ database: wrong.db(database) });
    onTestFinished(() => stranger.close());
    const unknown = stranger.acquire("k", "me", minutes);
    await expect(unknown).rejects.toThrow(ConfigurationLockError);
    await expect(unknown).rejects.not.toThrow(/secret/);
  });

  it("are shown by a certificate, over TLS with an authority of the client's own", async () => {
    const folder = await mkdtemp(join(tmpdir(), "holdfast-tls-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const { authority, server: certificate, client } = await certificates(folder);
    const server = await OwnServer.start({
      programArguments: [
        ...["--tlsMode", "requireTLS", "--tlsCertificateKeyFile", certificate, "--tlsCAFile", authority],
      ],
      parameters: `&tls=true&tlsCAFile=${authority}&tlsCertificateKeyFile=${client}`,
    });
    const connected = await new MongoClient(server.url).connect();
    onTestFinished(() => connected.close());
    const adapter = new MongodbLockAdapter({ database: connected.db(database) });
    onTestFinished(() => adapter.close());
    expect(await adapter.acquire("k", "me", minutes)).toBe(true);

    const untrusting = new MongodbLockAdapter({
      url: server.url.replace(/&tlsCAFile=[^&]*/, ""),
      connectTimeout: 2000,
    });
    onTestFinished(() => untrusting.close());
    await expect(untrusting.acquire("k", "me", minutes)).rejects.toThrow(ConnectionLockError);
  });
});

/** An authority, and a server and a client it has signed for, as PEM files of a certificate and its key. */
async function certificates(folder: string): Promise<Record<"authority" | "server" | "client", string>> {
  const path = (name: string) => join(folder, name);
  const openssl = (...options: string[]) => run("openssl", options, { cwd: folder });
  const key = ["-newkey", "rsa:2048", "-nodes"];
  await openssl("req", "-x509", ...key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=authority");
  await writeFile(path("names"), "subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=serverAuth,clientAuth\n");
  for (const name of ["server", "client"]) {
    await openssl("req", ...key, "-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", `/CN=${name}/O=holdfast`);
    const signing = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "names"];
    await openssl("x509", "-req", "-in", `${name}.csr`, ...signing, "-out", `${name}.crt`);
    const parts = await Promise.all([`${name}.crt`, `${name}.key`].map((part) => readFile(path(part), "utf8")));
    await writeFile(path(`${name}.pem`), parts.join(""));
  }
  return { authority: path("ca.pem"), server: path("server.pem"), client: path("client.pem") };
}
