import { describe, expect, test } from "vitest";
import { SequelizeLockAdapter } from "../../ts/lock/adapters";
import { ConfigurationLockError } from "../../ts/lock/contracts";
import { clientLockAdapterTests } from "./client-lock-adapter-tests";
import { sqlClientTests } from "./sql-client-tests";

describe.each(["Sequelize over pg", "Sequelize over mysql2", "Sequelize over sqlite3"])("%s", (kind) => {
  sqlClientTests(kind);
  clientLockAdapterTests(kind);
});

describe("SequelizeLockAdapter", () => {
  const query = (): undefined => undefined;

  test.each([
    ["nothing", undefined],
    ["no Sequelize", { query }],
    ["a Sequelize for another kind of database", { query, getDialect: () => "mssql" }],
  ])("refuses %s", (_, sequelize) => {
    expect(() => new SequelizeLockAdapter({ sequelize } as never)).toThrow(ConfigurationLockError);
  });
});
