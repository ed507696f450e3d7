// What can be tortured: how a worker opens it, which server it needs, and what can be done to that server.

import { join } from "node:path";

/**
 * Where the locks of a run are.
 *
 * @typedef {object} Target
 * @property {string} name nobody else's: an instance, a table or a prefix
 * @property {string} folder for files
 * @property {string} [url] of the server, as this worker reaches it
 * @property {number} [poolSize] how many connections the worker may have; left out where that cannot be said
 */

/**
 * @typedef {object} Tortured
 * @property {string} title
 * @property {(target: Target) => Promise<import("holdfast").ILockAdapter>} open
 * @property {"process" | "host" | "server"} clock whose clock judges expiry
 * @property {boolean} [tells] whether it tells of releases, so that nobody waits for an interval to be over
 * @property {boolean} [isOneProcess] whether its locks are between the threads of one process
 * @property {keyof typeof import("../scripts/servers.mjs").recipes} [recipe] how its server is had
 * @property {Record<"fast" | "immediate", NodeJS.Signals>} [restart] the signals that end its server in order, and at once
 * @property {boolean} [hasPool] whether the size of its pool can be set
 * @property {(url: string, ports: number[]) => Promise<number>} [killSessions] ends those that came from these ports, and
 *   tells how many
 */

/** @type {Record<string, Tortured>} */
export const adapters = {
  memory: {
    title: "Memory",
    clock: "process",
    tells: true,
    isOneProcess: true,
    async open({ name }) {
      const { MemoryLockAdapter } = await import("holdfast");
      return new MemoryLockAdapter({ name });
    },
  },

  sqlite: {
    title: "SQLite",
    clock: "host",
    tells: true,
    async open({ folder }) {
      const { SqliteLockAdapter } = await import("holdfast");
      return new SqliteLockAdapter({ url: `sqlite:${join(folder, "locks.db")}` });
    },
  },

  redis: {
    title: "Redis",
    clock: "server",
    tells: true,
    recipe: "redis",
    restart: { fast: "SIGTERM", immediate: "SIGKILL" },
    async open({ url, name }) {
      const { RedisLockAdapter } = await import("holdfast");
      return new RedisLockAdapter({ url, keyPrefix: `${name}:` });
    },
    async killSessions(url, ports) {
      const { default: Redis } = await import("ioredis");
      const client = new Redis(url);
      try {
        // One that has ended by itself a moment before is no session any more.
        const kills = ports.map((port) => client.client("KILL", "ADDR", `127.0.0.1:${port}`));
        const outcomes = await Promise.allSettled(kills);
        return outcomes.filter(({ status }) => status === "fulfilled").length;
      } finally {
        client.disconnect();
      }
    },
  },

  postgres: {
    title: "PostgreSQL",
    clock: "server",
    tells: true,
    hasPool: true,
    recipe: "postgres",
    restart: { fast: "SIGINT", immediate: "SIGQUIT" },
    async open({ url, name, poolSize }) {
      const { PostgresLockAdapter } = await import("holdfast");
      return new PostgresLockAdapter({ url, tableName: tableNamed(name), maxConnections: poolSize });
    },
    async killSessions(url, ports) {
      const { default: pg } = await import("pg");
      const client = new pg.Client(url);
      await client.connect();
      try {
        const { rowCount } = await client.query(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE client_port = ANY($1)",
          [ports],
        );
        return rowCount;
      } finally {
        await client.end();
      }
    },
  },

  mysql: {
    title: "MySQL",
    clock: "server",
    hasPool: true,
    recipe: "mariadb",
    restart: { fast: "SIGTERM", immediate: "SIGKILL" },
    async open({ url, name, poolSize }) {
      const { MysqlLockAdapter } = await import("holdfast");
      return new MysqlLockAdapter({ url, tableName: tableNamed(name), maxConnections: poolSize });
    },
    async killSessions(url, ports) {
      const { createConnection } = await import("mysql2/promise");
      const connection = await createConnection(url);
      try {
        const [sessions] = await connection.query("SELECT id, host FROM information_schema.processlist");
        const ours = sessions.filter(({ host }) => ports.includes(Number(host.split(":").at(-1))));
        // One that has ended by itself a moment before is no session any more.
        const kills = await Promise.allSettled(ours.map(({ id }) => connection.query(`KILL ${id}`)));
        return kills.filter(({ status }) => status === "fulfilled").length;
      } finally {
        await connection.end();
      }
    },
  },

  mongodb: {
    title: "MongoDB",
    clock: "server",
    recipe: "mongodb",
    restart: { fast: "SIGTERM", immediate: "SIGKILL" },
    async open({ url, name }) {
      const { MongodbLockAdapter } = await import("holdfast");
      return new MongodbLockAdapter({ url, collectionName: tableNamed(name) });
    },
    async killSessions(url, ports) {
      const { MongoClient } = await import("mongodb");
      const client = new MongoClient(url);
      try {
        const admin = client.db("admin");
        const { inprog } = await admin.command({ currentOp: 1, $all: true });
        const ours = inprog.filter(({ client: from }) => ports.includes(Number(from?.split(":").at(-1))));
        const running = ours.filter(({ opid }) => opid !== undefined);
        await Promise.allSettled(running.map(({ opid }) => admin.command({ killOp: 1, op: opid })));
        return running.length;
      } finally {
        await client.close();
      }
    },
  },
};

/** A name that is one for tables too. */
function tableNamed(name) {
  return name.replaceAll("-", "_");
}
