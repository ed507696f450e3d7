import { converse } from "./conversation.mjs";
import { installPackages } from "./debian.mjs";
import { freePort } from "./port.mjs";
import { findPrograms } from "./programs.mjs";

/** @type {import("../servers.mjs").Recipe} */
export const redis = {
  name: "Redis",
  variable: "REDIS_URL",
  localUrl: "redis://127.0.0.1:6379",

  answers: (url) =>
    converse(url, Buffer.from("PING\r\n"), (heard) =>
      heard.includes("\r\n") ? heard.toString("latin1").startsWith("+PONG") : undefined,
    ),

  find: () => findPrograms(["redis-server"]),
  obtain: () => installPackages("redis-server"),

  durable: { appendonly: "yes", appendfsync: "always" },

  async start(server, programs, changes = {}) {
    const port = await freePort();
    const url = `redis://127.0.0.1:${port}`;
    const options = {
      ...{ port, bind: "127.0.0.1", save: "", appendonly: "no", dir: server.folder },
      ...changes,
    };
    await server.run(
      programs["redis-server"],
      Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]),
      { answers: () => redis.answers(url) },
    );
    return url;
  },
};
