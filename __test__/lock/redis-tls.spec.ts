import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import { RedisLockAdapter, type RedisTlsOptions } from "../../ts/lock/adapters";
import { ConfigurationLockError, LockAdapterError } from "../../ts/lock/contracts";
import { TimeSpan } from "../../ts/utilities";
import { makeCertificates } from "./certificates";
import { RedisServer } from "./redis-server";

const minutes = TimeSpan.fromMinutes(10);
const folder = mkdtempSync(join(tmpdir(), "holdfast-tls-"));

let server: RedisServer;

function pem(name: string): string {
  return readFileSync(join(folder, name), "utf8");
}

beforeAll(async () => {
  makeCertificates(folder, "redis.test");
  const files = ["--tls-cert-file", "server.crt", "--tls-key-file", "server.key", "--tls-ca-cert-file", "ca.crt"];
  server = await RedisServer.start([
    ...["--port", "0", "--tls-port", "PORT", "--tls-auth-clients", "yes"],
    ...files.map((word) => (word.startsWith("--") ? word : join(folder, word))),
  ]);
});

afterAll(async () => {
  await server.remove();
  rmSync(folder, { recursive: true, force: true });
});

function identity(): RedisTlsOptions {
  return { cert: pem("client.crt"), key: Buffer.from(pem("client.key")) };
}

function adapter(tls: RedisTlsOptions, host = "127.0.0.1"): RedisLockAdapter {
  const made = new RedisLockAdapter({ url: `rediss://${host}:${server.port}`, tls });
  onTestFinished(() => made.close());
  return made;
}

it("trusts the authority it is given, and shows its own certificate", async () => {
  const asked = adapter({ ...identity(), ca: [pem("ca.crt")] });
  expect(await asked.acquire("trusted", "me", minutes)).toBe(true);
  expect(await asked.release("trusted", "me")).toBe(true);
});

it("takes the tls option of an ioredis client", async () => {
  const client = new Redis({
    port: server.port,
    host: "127.0.0.1",
    tls: { ...identity(), ca: Buffer.from(pem("ca.crt")) } as object,
    lazyConnect: true,
  });
  const asked = new RedisLockAdapter(client);
  onTestFinished(() => asked.close());
  expect(await asked.acquire("client", "me", minutes)).toBe(true);
});

it("checks the certificate for the servername, if there is one", async () => {
  const ca = pem("ca.crt");
  expect(await adapter({ ...identity(), ca, servername: "redis.test" }).acquire("named", "me", minutes)).toBe(true);
  const stranger = adapter({ ...identity(), ca, servername: "other.test" });
  await expect(stranger.acquire("k", "me", minutes)).rejects.toThrow(ConfigurationLockError);
});

it("does not trust an authority of nobody's, unless it is told to accept any certificate", async () => {
  const error = await adapter(identity())
    .acquire("k", "me", minutes)
    .catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ConfigurationLockError);
  expect(String(error)).toContain("tls.ca");
  expect(await adapter({ ...identity(), rejectUnauthorized: false }).acquire("any", "me", minutes)).toBe(true);
});

it("tells of a certificate that it does not show", async () => {
  await expect(adapter({ ca: pem("ca.crt") }).acquire("k", "me", minutes)).rejects.toThrow(LockAdapterError);
});

it.each<[string, object]>([
  ["a key without a certificate", { key: "-" }],
  ["a certificate that is none", { cert: "-", key: "-" }],
  ["an authority that is none", { ca: "-" }],
  ["what the engine cannot do", { passphrase: "secret" }],
  ["a servername that is none", { servername: "no name" }],
  ["a ca that is no text", { ca: 7 }],
])("refuses %s", (_, tls) => {
  expect(() => adapter(tls)).toThrow(ConfigurationLockError);
});

it("tells of a server that does not encrypt", async () => {
  const plain = await RedisServer.start();
  onTestFinished(() => plain.remove());
  const asked = new RedisLockAdapter({ url: plain.url.replace("redis:", "rediss:"), tls: { ca: pem("ca.crt") } });
  await expect(asked.acquire("k", "me", minutes)).rejects.toThrow(LockAdapterError);
});
