// Stands in for @ndustrial/sequelize-distributed-lock, which cannot be installed here: the statements it sends, in the
// transactions it sends them in, over each of its clients, and its waiting by sleeping. Written from what it documents and
// does, so that a fleet can run both.

import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

/** @typedef {{ statement(sql: string, values: Record<string, string>): Promise<any> }} Transaction */

/** @type {Record<string, (handle: any, work: (transaction: Transaction) => Promise<any>) => Promise<any>>} */
const transactions = {
  async sequelize({ sequelize }, work) {
    const transaction = await sequelize.transaction({ isolationLevel: "SERIALIZABLE" });
    const statement = (/** @type {string} */ sql, /** @type {object} */ replacements) =>
      sequelize.query(sql, { replacements, transaction, plain: true });
    return finish(transaction, () => work({ statement }));
  },
  async knex(knex, work) {
    const transaction = await knex.transaction();
    const statement = async (/** @type {string} */ sql, /** @type {object} */ values) =>
      (await knex.raw(sql, values).transacting(transaction)).rows[0];
    return finish(transaction, () => work({ statement }));
  },
  async pg(pool, work) {
    const client = await pool.connect();
    try {
      await client.query("BEGIN");
      const statement = async (/** @type {string} */ sql, /** @type {Record<string, string>} */ values) => {
        const names = Object.keys(values).filter((name) => sql.includes(`:${name}`));
        const text = names.reduce((made, name, index) => made.replace(`:${name}`, `$${index + 1}`), sql);
        return (
          await client.query(
            text,
            names.map((name) => values[name]),
          )
        ).rows[0];
      };
      const ended = {
        commit: () => client.query("COMMIT"),
        rollback: () => client.query("ROLLBACK"),
      };
      return await finish(ended, () => work({ statement }));
    } finally {
      client.release();
    }
  },
};

/**
 * @param {{ commit(): Promise<any>, rollback(): Promise<any> }} transaction
 * @param {() => Promise<any>} work
 */
async function finish(transaction, work) {
  try {
    const result = await work();
    await transaction.commit();
    return result;
  } catch (error) {
    await transaction.rollback();
    throw error;
  }
}

export class StandIn {
  /**
   * @param {string} name
   * @param {{ queryInterface: any, client: string, lockTableName?: string, lockTTLSeconds?: number,
   *   skipIfObtained?: boolean }} params
   */
  constructor(name, { queryInterface, client, lockTableName, lockTTLSeconds = 1200, skipIfObtained = false }) {
    this.name = name;
    this.nodeId = randomUUID();
    this.table = lockTableName ?? "distributed_lock";
    this.ttl = lockTTLSeconds;
    this.skipIfObtained = skipIfObtained;
    this.transact = (/** @type {(transaction: Transaction) => Promise<any>} */ work) =>
      transactions[client]?.(queryInterface, work);
  }

  /**
   * @param {() => any} execute
   * @param {{ timeoutSeconds?: number, sleepMilliseconds?: number }} params
   */
  async lock(execute = () => undefined, { timeoutSeconds = 300, sleepMilliseconds = 1000 } = {}) {
    await this.createTable();
    const until = Date.now() + timeoutSeconds * 1000;
    while (!(await this.isObtained())) {
      await sleep(sleepMilliseconds);
      if (Date.now() >= until) {
        throw new Error(`Unable to obtain the lock ${this.name} within ${timeoutSeconds} seconds`);
      }
    }
    try {
      return await execute();
    } finally {
      await this.underTableLock("", "DELETE FROM TABLE_NAME WHERE mutex = :mutex AND node_id = :nodeId");
    }
  }

  async createTable() {
    const sql = `CREATE TABLE IF NOT EXISTS ${this.table} (
      mutex VARCHAR(36) NOT NULL, ts TIMESTAMPTZ NOT NULL, node_id VARCHAR(36) NOT NULL, PRIMARY KEY (mutex))`;
    try {
      await this.transact(({ statement }) => statement(sql, {}));
    } catch (error) {
      if (!/already exists|duplicate key|Validation error/.test(String(error))) {
        throw error;
      }
    }
  }

  async isObtained() {
    try {
      const row = await this.underTableLock(
        "NOWAIT",
        `INSERT INTO TABLE_NAME (mutex, ts, node_id) VALUES (:mutex, NOW(), :nodeId)
          ON CONFLICT (mutex) DO UPDATE SET mutex = EXCLUDED.mutex RETURNING node_id`,
      );
      return row.node_id === this.nodeId;
    } catch (error) {
      if (String(error).includes("could not obtain lock")) {
        return false;
      }
      throw error;
    }
  }

  /**
   * @param {string} nowait
   * @param {string} sql
   */
  underTableLock(nowait, sql) {
    return this.transact(async ({ statement }) => {
      await statement(`LOCK TABLE ${this.table} IN ACCESS EXCLUSIVE MODE ${nowait}`, {});
      await statement(`DELETE FROM ${this.table} WHERE ts < NOW() - INTERVAL '${this.ttl} seconds'`, {});
      return statement(sql.replace("TABLE_NAME", this.table), { mutex: this.name, nodeId: this.nodeId });
    });
  }
}
