import { Redis } from "ioredis";
import { MongoClient } from "mongodb";
import mysql from "mysql2/promise";
import pg from "pg";

/** What a server was asked so far, by its own statistics, less what it was asked for them. */
export interface Statistics {
  commands(): Promise<number>;
  close(): Promise<unknown>;
}

/** What the scripts of the adapter call, which comes with the command that runs them. */
const IN_SCRIPTS = new Set(["get", "mget", "set", "pttl", "pexpire", "del", "time", "publish"]);

const STATISTICS = {
  async redis(url: string): Promise<Statistics> {
    const client = new Redis(url);
    return {
      async commands() {
        const text = await client.info("commandstats");
        const counts = [...text.matchAll(/^cmdstat_(.*?):calls=(\d+)/gm)];
        return sum(
          counts
            .filter(([, name = ""]) => name !== "info" && !IN_SCRIPTS.has(name))
            .map(([, , calls]) => Number(calls)),
        );
      },
      close: () => client.quit(),
    };
  },

  async postgres(url: string): Promise<Statistics> {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    await client.query("CREATE EXTENSION IF NOT EXISTS pg_stat_statements");
    return {
      async commands() {
        const { rows } = await client.query(
          "SELECT coalesce(sum(calls), 0) AS calls FROM pg_stat_statements WHERE query NOT LIKE '%pg_stat_statements%'",
        );
        return Number(rows[0].calls);
      },
      close: () => client.end(),
    };
  },

  async mariadb(url: string): Promise<Statistics> {
    const client = await mysql.createConnection(url);
    let own = 0;
    return {
      async commands() {
        own += 1;
        // The second has what the first does not, such as pings.
        const [rows] = await client.query(
          "SHOW GLOBAL STATUS WHERE Variable_name IN ('Questions', 'Com_admin_commands')",
        );
        return sum((rows as { Value: string }[]).map(({ Value }) => Number(Value))) - own;
      },
      close: () => client.end(),
    };
  },

  async mongodb(url: string): Promise<Statistics> {
    // Its own checks of the server go on at the beginning alone.
    const client = new MongoClient(url, { heartbeatFrequencyMS: 600_000, serverMonitoringMode: "poll" });
    return {
      async commands() {
        const { metrics } = await client.db("admin").command({ serverStatus: 1 });
        const counts: [string, unknown][] = Object.entries(metrics.commands);
        // With an underscore begin those by which it asks itself.
        const others = counts.filter(([name]) => name !== "serverStatus" && !name.startsWith("_"));
        return sum(others.map(([, count]) => Number((count as { total?: number }).total ?? 0)));
      },
      close: () => client.close(),
    };
  },
};

export function statisticsOf(server: keyof typeof STATISTICS, url: string): Promise<Statistics> {
  return STATISTICS[server](url);
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
