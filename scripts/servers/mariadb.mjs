import { writeFileSync } from "node:fs";
import { converse } from "./conversation.mjs";
import { installPackages } from "./debian.mjs";
import { freePort } from "./port.mjs";
import { findPrograms } from "./programs.mjs";

const database = "holdfast";
// Long password, database in the handshake, protocol 4.1, secure connection, named authentication methods.
const capabilities = 0x1 | 0x8 | 0x200 | 0x8000 | 0x80000;
const utf8 = 45;

/** @type {import("../servers.mjs").Recipe} */
export const mariadb = {
  name: "MariaDB",
  variable: "MYSQL_URL",
  localUrl: "mysql://root@127.0.0.1:3306/test",

  answers(url) {
    const { username, pathname } = new URL(url);
    let step = 0;
    return converse(url, undefined, (heard, send) => {
      const [greeting, answer, last] = packets(heard);
      if (greeting?.[0] === 0xff) {
        return false;
      }
      if (greeting !== undefined && step === 0) {
        step = 1;
        send(packet(1, login(username, pathname.slice(1))));
      }
      if (answer?.[0] === 0xfe && step === 1) {
        step = 2;
        send(packet(3, Buffer.alloc(0)));
      }
      const verdict = answer?.[0] === 0xfe ? last : answer;
      return verdict === undefined ? undefined : verdict[0] === 0x00;
    });
  },

  find: () => findPrograms(["mariadb-install-db", "mariadbd"]),
  obtain: () => installPackages("mariadb-server"),

  async start(server, programs, changes = {}) {
    // One that starts removes the temporary tables of the others from a folder that they share, which crashes them.
    const folders = [`--datadir=${server.folder}/data`, `--tmpdir=${server.folder}`];
    const firstStatements = `${server.folder}/first.sql`;
    writeFileSync(firstStatements, `CREATE DATABASE ${database} CHARACTER SET utf8mb4;\n`, { mode: 0o644 });
    server.becomeOneOf(["mysql", "nobody"]);
    await server.prepare(programs["mariadb-install-db"], [
      ...["--no-defaults", ...folders, "--skip-test-db", "--skip-name-resolve"],
      "--auth-root-authentication-method=normal",
    ]);
    const port = await freePort();
    const url = `mysql://root@127.0.0.1:${port}/${database}`;
    await server.run(
      programs.mariadbd,
      [
        ...["--no-defaults", ...folders, `--init-file=${firstStatements}`],
        ...[`--port=${port}`, "--bind-address=127.0.0.1", "--skip-name-resolve"],
        ...[`--socket=${server.folder}/socket`, `--pid-file=${server.folder}/pid`],
        ...["--skip-log-bin", "--max-connections=300", "--innodb-buffer-pool-size=64M"],
        ...Object.entries(changes).map(([name, value]) => `--${name}=${value}`),
      ],
      { answers: () => mariadb.answers(url) },
    );
    return url;
  },
};

function login(user, schema) {
  const head = Buffer.alloc(32);
  head.writeUInt32LE(capabilities, 0);
  head.writeUInt32LE(0xff_ffff, 4);
  head[8] = utf8;
  return Buffer.concat([head, Buffer.from(`${user}\0\0${schema}\0mysql_native_password\0`)]);
}

function packet(sequence, payload) {
  const head = Buffer.alloc(4);
  head.writeUIntLE(payload.length, 0, 3);
  head[3] = sequence;
  return Buffer.concat([head, payload]);
}

/** The payloads of the packets heard completely. */
function packets(heard) {
  const payloads = [];
  for (let at = 0; at + 4 <= heard.length; ) {
    const end = at + 4 + heard.readUIntLE(at, 3);
    if (end > heard.length) {
      break;
    }
    payloads.push(heard.subarray(at + 4, end));
    at = end;
  }
  return payloads;
}
