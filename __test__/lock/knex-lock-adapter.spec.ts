import { describe, expect, test } from "vitest";
import { KnexLockAdapter } from "../../ts/lock/adapters";
import { ConfigurationLockError } from "../../ts/lock/contracts";
import { clientLockAdapterTests } from "./client-lock-adapter-tests";
import { sqlClientTests } from "./sql-client-tests";

describe.each(["Knex over pg", "Knex over mysql2", "Knex over better-sqlite3", "Knex over sqlite3"])("%s", (kind) => {
  sqlClientTests(kind);
  clientLockAdapterTests(kind);
});

describe("KnexLockAdapter", () => {
  test.each([
    ["nothing", undefined],
    ["no Knex", { query: () => undefined }],
    ["a Knex for another kind of database", { raw: () => undefined, client: { dialect: "mssql" } }],
  ])("refuses %s", (_, knex) => {
    expect(() => new KnexLockAdapter({ knex } as never)).toThrow(ConfigurationLockError);
  });
});
