// Encrypted connections to servers of our own, with an authority and certificates made for the run.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import mysql from "mysql2/promise";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import {
  MysqlLockAdapter,
  PostgresLockAdapter,
  type SqlServerSettings,
  type SslSettings,
} from "../../ts/lock/adapters";
import { ConfigurationLockError } from "../../ts/lock/contracts";
import { TimeSpan } from "../../ts/utilities";
import { makeCertificates } from "../lock/certificates";
import { startServer } from "./own-server.mjs";

const ttl = TimeSpan.fromMinutes(10);
const folder = mkdtempSync(join(tmpdir(), "holdfast-tls-"));
const path = (name: string) => join(folder, name);
const pem = (name: string) => readFileSync(path(name), "utf8");
const ca = path("ca.crt");
const identity = { cert: path("client.crt"), key: path("client.key") };

/** Copies what the server needs into its folder, and says where it is. */
function give(serverFolder: string, name: string): string {
  const copy = join(serverFolder, name);
  writeFileSync(copy, pem(name), { mode: 0o600 });
  return copy;
}

/** Users: root is let in, `encrypted` over TLS only, and `certified` with a certificate of the authority. */
const SERVERS = {
  PostgreSQL: {
    Adapter: PostgresLockAdapter,
    start: () =>
      startServer("postgres", (serverFolder) => {
        const rules = join(serverFolder, "hba.conf");
        writeFileSync(
          rules,
          `host all postgres all trust
           hostssl all encrypted all trust
           hostssl all certified all trust clientcert=verify-ca`,
        );
        return {
          ssl: "on",
          ssl_cert_file: give(serverFolder, "server.crt"),
          ssl_key_file: give(serverFolder, "server.key"),
          ssl_ca_file: give(serverFolder, "ca.crt"),
          hba_file: rules,
        };
      }),
    startPlain: () => startServer("postgres"),
    async makeUsers(url: string) {
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      await client.query("CREATE USER encrypted SUPERUSER; CREATE USER certified SUPERUSER");
      await client.end();
    },
  },
  MariaDB: {
    Adapter: MysqlLockAdapter,
    start: () =>
      startServer("mariadb", (serverFolder) => ({
        "ssl-cert": give(serverFolder, "server.crt"),
        "ssl-key": give(serverFolder, "server.key"),
        "ssl-ca": give(serverFolder, "ca.crt"),
      })),
    startPlain: () => startServer("mariadb", { "skip-ssl": "1" }),
    async makeUsers(url: string) {
      const client = await mysql.createConnection(url);
      for (const [name, rule] of [
        ["encrypted", "SSL"],
        ["certified", "X509"],
      ]) {
        await client.query(`CREATE USER ${name}@'%' REQUIRE ${rule}`);
        await client.query(`GRANT ALL ON *.* TO ${name}@'%'`);
      }
      await client.end();
    },
  },
};

beforeAll(() => makeCertificates(folder, "db.test"));

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each(Object.entries(SERVERS))("%s over TLS", (_, { Adapter, start, startPlain, makeUsers }) => {
  let server: Awaited<ReturnType<typeof startServer>>;

  beforeAll(async () => {
    server = await start();
    await makeUsers(server.url);
  }, 120_000);

  afterAll(() => server?.stop());

  function open(ssl: boolean | SslSettings | undefined, settings: SqlServerSettings = {}) {
    const adapter = new Adapter({ url: server.url, ssl, ...settings });
    onTestFinished(() => adapter.close());
    return adapter;
  }

  const ask = (ssl: boolean | SslSettings | undefined, settings: SqlServerSettings = {}) =>
    open(ssl, settings).forceRelease("k");

  /** Why it could not be asked, which has to be the settings. */
  async function refusal(...settings: Parameters<typeof ask>): Promise<string> {
    const error = await ask(...settings).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConfigurationLockError);
    return String(error);
  }

  test.each<[string, SslSettings | undefined, SqlServerSettings]>([
    ["default", undefined, {}],
    ["an authority in a file", { ca }, {}],
    [
      "an authority in a text",
      {
        get ca() {
          return pem("ca.crt");
        },
      },
      {},
    ],
    ["an authority, whatever the host's name", { mode: "verify-ca", ca }, { host: "localhost" }],
    ["no authority, where nobody asks for it", { mode: "require" }, { host: "localhost" }],
    ["a wrong authority, where nobody asks for it", { mode: "prefer", ca: path("stranger.crt") }, {}],
  ])("is encrypted by %s", async (_name, ssl, settings) => {
    const adapter = open(ssl, { user: "encrypted", ...settings });
    expect(await adapter.acquire("k", "me", ttl)).toBe(true);
    expect(await adapter.release("k", "me")).toBe(true);
  });

  test("is refused to an authority that is not known", async () => {
    expect(await refusal(true)).toMatch(/certificate/);
    expect(await refusal({ ca: path("stranger.crt") })).toMatch(/certificate/);
    expect(await refusal({ mode: "verify-ca", ca: path("stranger.crt") })).toMatch(/certificate/);
  });

  test("is refused to a certificate for another host", async () => {
    expect(await refusal({ ca }, { host: "localhost" })).toMatch(/certificate/);
  });

  test("shows the certificate of a client", async () => {
    for (const shown of [identity, { cert: pem("client.crt"), key: pem("client.key") }]) {
      expect(await ask({ ca, ...shown }, { user: "certified" })).toBe(false);
    }
    await refusal({ ca }, { user: "certified" });
  });

  test("is asked for where the server takes nothing else", async () => {
    expect(await ask(false)).toBe(false);
    expect(await refusal(false, { user: "encrypted" })).toMatch(/ssl/);
  });

  test.each<[string, SslSettings]>([
    ["ca", { ca: "/nowhere/ca.crt" }],
    ["cert", { ca, ...identity, cert: "/nowhere/client.crt" }],
    ["key", { ca, ...identity, key: "/nowhere/client.key" }],
  ])("says which file of %s cannot be read", async (name, ssl) => {
    expect(await refusal(ssl)).toMatch(new RegExp(`ssl\\.${name}.*/nowhere/`));
  });

  test("refuses what is no certificate, and no key", async () => {
    const nothing = "-----BEGIN CERTIFICATE-----\nnothing\n-----END CERTIFICATE-----\n";
    await refusal({ ca: nothing });
    await refusal({ ca, ...identity, cert: nothing });
    await refusal({ ca, ...identity, key: identity.cert });
  });

  test("is refused where the server cannot encrypt", { timeout: 120_000 }, async () => {
    const plain = await startPlain();
    try {
      for (const mode of ["require", "verify-ca", "verify-full"] as const) {
        expect(await refusal({ mode, ca }, { url: plain.url })).toMatch(/ssl/);
      }
      expect(await ask(undefined, { url: plain.url })).toBe(false);
    } finally {
      await plain.stop();
    }
  });
});
