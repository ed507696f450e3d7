import { readdirSync } from "node:fs";
import { converse } from "./conversation.mjs";
import { installPackages } from "./debian.mjs";
import { freePort } from "./port.mjs";
import { findPrograms } from "./programs.mjs";

const protocolVersion = 196_608;
const authentication = 0x52;
const authenticationLength = 9;
const readyForQuery = Buffer.from([0x5a, 0, 0, 0, 5]);

/** @type {import("../servers.mjs").Recipe} */
export const postgres = {
  name: "PostgreSQL",
  variable: "POSTGRES_URL",
  localUrl: "postgres://postgres@127.0.0.1:5432/postgres",

  answers(url) {
    const { username, pathname } = new URL(url);
    return converse(url, startupMessage(username, pathname.slice(1)), (heard) => {
      if (heard.length < authenticationLength) {
        return undefined;
      }
      const letIn = heard[0] === authentication && heard.readInt32BE(5) === 0;
      return letIn ? heard.includes(readyForQuery) || undefined : false;
    });
  },

  find() {
    return findPrograms(["initdb", "postgres"], debianFolders());
  },

  obtain: () => installPackages("postgresql"),

  async start(server, programs, changes = {}) {
    const data = `${server.folder}/data`;
    server.becomeOneOf(["postgres", "nobody"]);
    await server.prepare(programs.initdb, [
      ...["--pgdata", data, "--username", "postgres", "--auth", "trust"],
      ...["--encoding", "UTF8", "--locale", "C", "--no-sync"],
    ]);
    const settings = {
      listen_addresses: "127.0.0.1",
      unix_socket_directories: "",
      max_connections: 300,
      fsync: "off",
      ...changes,
    };
    const port = await freePort();
    const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
    await server.run(
      programs.postgres,
      [
        ...["-D", data, "-p", String(port)],
        ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
      ],
      { answers: () => postgres.answers(url), stopSignal: "SIGINT" },
    );
    return url;
  },
};

/** Debian keeps the server's programs out of the PATH, by version; the newest comes first. */
function debianFolders() {
  try {
    const versions = readdirSync("/usr/lib/postgresql").sort((left, right) => Number(right) - Number(left));
    return versions.map((version) => `/usr/lib/postgresql/${version}/bin`);
  } catch {
    return [];
  }
}

function startupMessage(user, database) {
  const text = Buffer.from(`user\0${user}\0database\0${database}\0\0`);
  const head = Buffer.alloc(8);
  head.writeInt32BE(head.length + text.length, 0);
  head.writeInt32BE(protocolVersion, 4);
  return Buffer.concat([head, text]);
}
