// What the subjects on an SQL server have in common that are not ours: the table that lock packages on Kysely make.

import { randomUUID } from "node:crypto";
import { openLocks } from "./locks.mjs";

/** As long as a lease of the other subjects. */
export const ttlMs = 300_000;

/** A lock as a user of Kysely, or of the driver itself, would write it, with a table of its own. */
export class TableLock {
  /** @param {{ acquire: Function, release: Function }} statements */
  constructor(statements, key) {
    this.statements = statements;
    this.key = key;
    this.owner = randomUUID();
  }

  acquire() {
    return this.statements.acquire(this.key, this.owner);
  }

  release() {
    return this.statements.release(this.key, this.owner);
  }
}

/**
 * @param {string[]} keys
 * @param {{ create: () => Promise<void>, acquire: Function, release: Function, close: () => Promise<void> }} statements
 */
export function openTable(keys, statements) {
  const created = statements.create();
  created.catch(() => undefined);
  const { cycles, close } = openLocks(
    keys,
    (key) => new TableLock(statements, key),
    () => statements.close(),
  );
  return {
    async cycles(key, count) {
      await created;
      await cycles(key, count);
    },
    close,
  };
}
