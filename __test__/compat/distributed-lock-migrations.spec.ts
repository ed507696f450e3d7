// What the replaced package was made for: a fleet that is started at once, and migrates its database once.

import { join } from "node:path";
import { expect, test } from "vitest";
import { Child, QUIET_END } from "../processes/child";
import { makeFolder } from "../processes/folder";
import { handleNames, openHandle } from "./handles.mjs";

const PROCESSES = 5;

test.each(handleNames.filter((name) => !name.startsWith("pg ")))(
  "five processes that migrate at once do so once, over %s",
  { timeout: 180_000 },
  async (name) => {
    const file = join(makeFolder(), "application.db");
    const table = `drop_in_migrated_${process.pid}_${name.split(" ")[0]}`;
    const handle = openHandle(name, file);
    try {
      const children = Array.from({ length: PROCESSES }, () => {
        return new Child("../compat/migrating.mjs", [name, file, table], { talks: true });
      });
      await Promise.all(children.map((child) => child.hear()));
      for (const child of children) {
        child.tell("go");
      }
      for (const child of children) {
        expect(await child.ended).toEqual(QUIET_END);
      }
      expect(await handle.query(`SELECT pid FROM ${table}`)).toHaveLength(1);
      expect(await handle.query(`SELECT name FROM ${table}_done`)).toEqual([{ name: "first" }]);
      expect(await handle.query(`SELECT mutex FROM ${table}_lock`)).toEqual([]);
    } finally {
      for (const made of [table, `${table}_done`, `${table}_done_lock`, `${table}_lock`]) {
        await handle.query(`DROP TABLE IF EXISTS ${made}`);
      }
      await handle.close();
    }
  },
);
