import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { onTestFinished } from "vitest";

/** What a {@link Link} loses: nothing, what the server says, or what the server is asked to write, until it delivers it. */
export type LinkMode = "pass" | "swallow" | "hold";

/** Stands between a client and a server for one test, and loses what it is told to lose. */
export class Link {
  mode: LinkMode = "pass";
  /** How many of the next connections are cut in the middle of their handshake. */
  breaks = 0;
  private readonly pairs = new Set<[Socket, Socket]>();
  private readonly held = new Map<Socket, Buffer[]>();

  private constructor(
    private readonly listener: Server,
    private readonly target: number,
  ) {}

  static async before(url: string): Promise<Link> {
    const listener = createServer();
    const link = new Link(listener, Number(new URL(url).port));
    listener.on("connection", (client) => link.join(client));
    listener.listen(0, "127.0.0.1");
    await once(listener, "listening");
    onTestFinished(() => {
      listener.close();
      link.cut();
    });
    return link;
  }

  get url(): string {
    return `mongodb://127.0.0.1:${(this.listener.address() as AddressInfo).port}/?directConnection=true`;
  }

  get isHolding(): boolean {
    return this.held.size > 0;
  }

  /** Ends all connections; new ones are made as ever. How many there were. */
  cut(): number {
    const count = this.pairs.size;
    for (const [client, server] of this.pairs) {
      client.destroy();
      this.end(server);
    }
    return count;
  }

  /** What was held back arrives, though nobody is there any more to hear the answer. */
  async deliver(): Promise<void> {
    for (const [server, chunks] of this.held) {
      const answer = once(server, "data");
      for (const chunk of chunks) {
        server.write(chunk);
      }
      await answer;
      this.held.delete(server);
      server.destroy();
    }
  }

  private end(socket: Socket): void {
    if (!this.held.has(socket)) {
      socket.destroy();
    }
  }

  private join(client: Socket): void {
    const server = connect({ host: "127.0.0.1", port: this.target });
    const pair: [Socket, Socket] = [client, server];
    this.pairs.add(pair);
    if (this.breaks > 0) {
      this.breaks--;
      client.once("data", () => client.resetAndDestroy());
    }
    client.on("data", (chunk) => {
      if (this.mode === "hold" && chunk.includes("findAndModify")) {
        this.held.set(server, [...(this.held.get(server) ?? []), chunk]);
      } else {
        server.write(chunk);
      }
    });
    server.on("data", (chunk) => {
      if (this.mode === "pass") {
        client.write(chunk);
      }
    });
    for (const [socket, other] of [pair, [server, client] as const]) {
      socket.on("error", () => this.end(other));
      socket.on("close", () => {
        this.end(other);
        this.pairs.delete(pair);
      });
    }
  }
}
