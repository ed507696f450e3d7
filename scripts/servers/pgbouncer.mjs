import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { installPackages } from "./debian.mjs";
import { freePort } from "./port.mjs";
import { postgres } from "./postgres.mjs";
import { findPrograms } from "./programs.mjs";

/** Far fewer than the clients of a test, so that each transaction gets whichever session is free. */
const sessions = 4;

/**
 * A pooler that stands before the PostgreSQL of the run, and gives each transaction another of its sessions.
 *
 * @type {import("../servers.mjs").Recipe}
 */
export const pgbouncer = {
  name: "PgBouncer",
  variable: "PGBOUNCER_URL",
  behind: postgres.variable,

  answers: (url) => postgres.answers(url),
  find: () => findPrograms(["pgbouncer"]),
  obtain: () => installPackages("pgbouncer"),

  async start(server, programs, { behind, ...changes }) {
    const { hostname, port, username, password, pathname } = new URL(behind);
    const parts = { host: hostname, port: port || "5432", user: username, password };
    const place = Object.entries(parts)
      .filter(([, value]) => value !== "")
      .map(([name, value]) => `${name}=${quoted(decodeURIComponent(value))}`);
    const ownPort = await freePort();
    const settings = {
      listen_addr: "127.0.0.1",
      listen_port: ownPort,
      unix_socket_dir: "",
      // Whoever asks is the user named above.
      auth_type: "any",
      pool_mode: "transaction",
      default_pool_size: sessions,
      max_client_conn: 500,
      ...(knowsPreparedStatements(programs.pgbouncer) && { max_prepared_statements: 0 }),
      ...changes,
    };
    const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
    const file = `${server.folder}/pgbouncer.ini`;
    writeFileSync(file, `[databases]\n* = ${place.join(" ")}\n[pgbouncer]\n${lines.join("\n")}\n`, { mode: 0o644 });
    server.becomeOneOf(["postgres", "nobody"]);
    const url = `postgres://${username}@127.0.0.1:${ownPort}${pathname}`;
    await server.run(programs.pgbouncer, [file], { answers: () => postgres.answers(url) });
    return url;
  },
};

/** Since 1.21. They are switched off, as they are unknown to those before it, which refuse the setting. */
function knowsPreparedStatements(program) {
  const { stdout } = spawnSync(program, ["--version"], { encoding: "utf8" });
  const [, major, minor] = /(\d+)\.(\d+)/.exec(stdout ?? "") ?? [];
  return Number(major) > 1 || Number(minor) >= 21;
}

function quoted(value) {
  return `'${value.replaceAll("'", "''")}'`;
}
