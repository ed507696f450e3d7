import { randomUUID } from "node:crypto";
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

type OnTestFinished = (callback: () => void) => void;

/** A database that several processes reach, and where it is. */
export interface Database {
  readonly name: string;
  url(onTestFinished: OnTestFinished): string;
}

function server(name: string, variable: string): Database {
  return {
    name,
    url: () => {
      const url = process.env[variable];
      if (url === undefined) {
        throw new Error(`${variable} names no server; npm test provides one, or set it`);
      }
      return url;
    },
  };
}

/** Those that are reached over a network. */
export const NETWORKED: readonly Database[] = [
  server("Redis", "REDIS_URL"),
  server("PostgreSQL", "POSTGRES_URL"),
  server("MySQL", "MYSQL_URL"),
  server("MongoDB", "MONGODB_URL"),
];

/** Those that processes share. */
export const SHARED: readonly Database[] = [
  {
    name: "SQLite",
    url: (onTestFinished) => {
      const folder = mkdtempSync(join(realpathSync(tmpdir()), "holdfast-"));
      onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));
      return `sqlite:${join(folder, "locks.db")}`;
    },
  },
  ...NETWORKED,
];

/** All. */
export const ALL: readonly Database[] = [{ name: "memory", url: () => `memory:${randomUUID()}` }, ...SHARED];
