// Stands between a client and its server, and does to their conversation what networks do.

import { connect, createServer } from "node:net";
import { setTimeout } from "node:timers/promises";

/**
 * What happens to the bytes:
 *
 * - `pass`: nothing.
 * - `delay`: they arrive later, each way.
 * - `blackhole`: none arrives, and nobody is told; they arrive when it is over.
 * - `refuse`: connections are reset as they are made.
 * - `swallow`: what the client sends arrives, and no answer does; after a moment the connection is reset.
 * - `cut`: the first half of what the client sends next arrives, then the connection is reset.
 *
 * @typedef {"pass" | "delay" | "blackhole" | "refuse" | "swallow" | "cut"} Mode
 */

const swallowedForMs = 50;

export class TcpProxy {
  /** @type {Mode} */
  #mode = "pass";
  #delayMs = 0;
  #target;
  #server;
  /** @type {Set<Conversation>} */
  #conversations = new Set();

  /** @param {{ host: string, port: number }} target */
  static async before(target) {
    const proxy = new TcpProxy();
    proxy.#target = target;
    proxy.#server = createServer({ noDelay: true }, (client) => proxy.#accept(client));
    await new Promise((resolve, reject) => {
      proxy.#server.once("error", reject);
      proxy.#server.listen(0, "127.0.0.1", resolve);
    });
    return proxy;
  }

  get port() {
    return this.#server.address().port;
  }

  /** The ports from which the server sees our connections come. */
  get ports() {
    return [...this.#conversations].map(({ port }) => port).filter((port) => port !== undefined);
  }

  /** @param {Mode} mode */
  set(mode, delayMs = 0) {
    this.#mode = mode;
    this.#delayMs = delayMs;
    for (const conversation of this.#conversations) {
      conversation.flow();
    }
  }

  /** Resets every connection there is. New ones are not hindered. */
  reset() {
    for (const conversation of this.#conversations) {
      conversation.reset();
    }
  }

  async close() {
    this.reset();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  get mode() {
    return this.#mode;
  }

  get delayMs() {
    return this.#delayMs;
  }

  #accept(client) {
    if (this.#mode === "refuse") {
      client.on("error", () => undefined);
      client.resetAndDestroy();
      return;
    }
    const conversation = new Conversation(this, client, connect({ ...this.#target, noDelay: true }));
    this.#conversations.add(conversation);
    conversation.ended.then(() => this.#conversations.delete(conversation));
  }
}

/** One connection of a client, and ours to the server on its behalf. */
class Conversation {
  #proxy;
  #client;
  #server;
  ended;

  constructor(proxy, client, server) {
    this.#proxy = proxy;
    this.#client = client;
    this.#server = server;
    this.#join(client, server);
    this.#join(server, client);
    this.ended = Promise.all([client, server].map((socket) => new Promise((resolve) => socket.once("close", resolve))));
    this.flow();
  }

  /** From which the server sees us come. */
  get port() {
    return this.#server.localPort;
  }

  /** Lets the bytes flow, or not, as the mode has it. */
  flow() {
    for (const socket of [this.#client, this.#server]) {
      if (this.#proxy.mode === "blackhole") {
        socket.pause();
      } else {
        socket.resume();
      }
    }
  }

  reset() {
    for (const socket of [this.#client, this.#server]) {
      // Node never comes to an end after it has reset one that is being opened or ended.
      if (socket.connecting || socket.writableEnded) {
        socket.destroy();
      } else if (!socket.destroyed) {
        socket.resetAndDestroy();
      }
    }
  }

  /** Whatever comes from one socket goes to the other, in that order, each thing after the delay of its time. */
  #join(from, to) {
    let last = Promise.resolve();
    const pass = (work) => {
      const due = this.#proxy.mode === "delay" ? performance.now() + this.#proxy.delayMs : 0;
      last = last.then(async () => {
        const early = due - performance.now();
        if (early > 0) {
          await setTimeout(early);
        }
        if (!to.destroyed) {
          work();
        }
      });
    };
    from.on("data", (bytes) => this.#carry(from, to, bytes, pass));
    from.on("end", () => pass(() => to.end()));
    from.on("error", () => this.reset());
    from.on("close", () => pass(() => to.destroy()));
  }

  #carry(from, to, bytes, pass) {
    const { mode } = this.#proxy;
    if (mode === "swallow" && from === this.#server) {
      setTimeout(swallowedForMs).then(() => this.reset());
    } else if (mode === "cut" && from === this.#client) {
      pass(() => to.write(bytes.subarray(0, bytes.length >> 1), () => this.reset()));
    } else {
      pass(() => to.write(bytes));
    }
  }
}
