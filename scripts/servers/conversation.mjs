// The few bytes of a protocol it takes to know that a server is there and lets us in; no driver is installed for that.

import { connect } from "node:net";

const patienceMs = 2_000;

/**
 * Talks to the server a URL names.
 *
 * @param {string} url
 * @param {Buffer | undefined} opening what is sent first, if the client speaks first
 * @param {(reply: Buffer, send: (bytes: Buffer) => void) => boolean | undefined} listen
 *   gets everything heard so far; true or false ends the conversation with that answer
 * @returns {Promise<boolean>} false, too, when nothing answers within two seconds
 */
export function converse(url, opening, listen) {
  return new Promise((resolve) => {
    const { hostname, port } = new URL(url);
    const socket = connect({ host: hostname, port: Number(port) });
    let heard = Buffer.alloc(0);
    const end = (/** @type {boolean} */ answer) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(patienceMs, () => end(false));
    socket.on("error", () => end(false));
    socket.on("close", () => end(false));
    socket.on("connect", () => {
      if (opening !== undefined) {
        socket.write(opening);
      }
    });
    socket.on("data", (chunk) => {
      heard = Buffer.concat([heard, chunk]);
      const answer = listen(heard, (bytes) => socket.write(bytes));
      if (answer !== undefined) {
        end(answer);
      }
    });
  });
}

/**
 * Whether anything takes a connection where a URL points.
 *
 * @param {string} url
 * @returns {Promise<boolean>} true, too, where only a driver can tell, as with no port
 */
export function isListening(url) {
  const { hostname, port } = URL.canParse(url) ? new URL(url) : {};
  if (!hostname || !port) {
    return Promise.resolve(true);
  }
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port), timeout: patienceMs });
    const end = (/** @type {boolean} */ answer) => {
      socket.destroy();
      resolve(answer);
    };
    socket.on("connect", () => end(true));
    socket.on("timeout", () => end(false));
    socket.on("error", () => end(false));
  });
}
