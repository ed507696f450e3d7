import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { onTestFinished } from "vitest";

/** What a {@link Link} does with what the server says. */
export type LinkMode = "pass" | "swallow";

/** Stands between a client and a server for one test, and loses what it is told to lose. */
export class Link {
  mode: LinkMode = "pass";
  private readonly pairs = new Set<[Socket, Socket]>();

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

  /** Ends all connections; new ones are made as ever. How many there were. */
  cut(): number {
    const count = this.pairs.size;
    for (const pair of this.pairs) {
      for (const socket of pair) {
        socket.destroy();
      }
    }
    return count;
  }

  private join(client: Socket): void {
    const server = connect({ host: "127.0.0.1", port: this.target });
    const pair: [Socket, Socket] = [client, server];
    this.pairs.add(pair);
    client.on("data", (chunk) => server.write(chunk));
    server.on("data", (chunk) => {
      if (this.mode === "pass") {
        client.write(chunk);
      }
    });
    for (const [socket, other] of [pair, [server, client] as const]) {
      socket.on("error", () => other.destroy());
      socket.on("close", () => {
        other.destroy();
        this.pairs.delete(pair);
      });
    }
  }
}
