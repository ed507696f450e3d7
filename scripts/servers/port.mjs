import { createServer } from "node:net";

/** Systems choose the ports of connections, and those that nobody names, from above these. */
const lowest = 10_000;
const highest = 32_000;

/**
 * A port of this host that is free, and that nobody is given who asks for any: a server needs seconds until it listens.
 *
 * @returns {Promise<number>}
 */
export async function freePort() {
  for (;;) {
    const port = lowest + Math.floor(Math.random() * (highest - lowest));
    if (await isFree(port)) {
      return port;
    }
  }
}

/**
 * Whether nobody listens at a port of this host.
 *
 * @param {number} port
 * @returns {Promise<boolean>}
 */
export function isFree(port) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
