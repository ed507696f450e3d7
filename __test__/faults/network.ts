import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { Speech } from "./notifications";

/**
 * What becomes of what is sent: all of it arrives; nothing moves; no reply comes back; no request arrives; what the server
 * says of its own accord does not.
 */
export type Passage =
  | "open"
  | "silent"
  | "replies are swallowed"
  | "requests are swallowed"
  | "notifications are swallowed";

/** The network between a process and a server, which fails in the ways a network does. */
export class Network {
  private passage: Passage = "open";
  private isRefusing = false;
  /** How many notifications have gone through, and how many have not. */
  readonly notifications = { told: 0, swallowed: 0 };
  /** How often anything else was swallowed. */
  swallowed = 0;
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    private readonly target: URL,
    private readonly tellsNotifications: boolean,
  ) {}

  /** One to the server of a URL. Only if it is to tell notifications from answers it can swallow them. */
  static async to(
    url: string,
    onTestFinished: (callback: () => void) => void,
    { tellsNotifications = false } = {},
  ): Promise<Network> {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const network = new Network(server, new URL(url), tellsNotifications);
    server.on("connection", (client) => network.join(client));
    onTestFinished(() => {
      server.close();
      network.cut();
    });
    return network;
  }

  /** Where the server is to be had through it. */
  get url(): string {
    const url = new URL(this.target.href);
    url.host = `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
    return url.href;
  }

  /** From now on; what was held back in silence goes on its way when that ends. */
  be(passage: Passage): void {
    this.passage = passage;
    for (const socket of this.sockets) {
      this.steer(socket);
    }
  }

  /** Resets every connection. */
  cut(): void {
    for (const socket of this.sockets) {
      socket.resetAndDestroy();
    }
    this.sockets.clear();
  }

  /** Whether new connections are reset as well. */
  refuse(isRefusing: boolean): void {
    this.isRefusing = isRefusing;
  }

  private join(client: Socket): void {
    if (this.isRefusing) {
      client.resetAndDestroy();
      return;
    }
    const upstream = connect(Number(this.target.port), this.target.hostname);
    this.carry(client, upstream, "requests are swallowed");
    const speech = this.tellsNotifications ? new Speech(this.target.protocol, () => this.swallows()) : undefined;
    this.carry(upstream, client, "replies are swallowed", speech);
  }

  private swallows(): boolean {
    const isSwallowed = this.passage === "notifications are swallowed";
    this.notifications[isSwallowed ? "swallowed" : "told"] += 1;
    return isSwallowed;
  }

  private carry(from: Socket, to: Socket, unless: Passage, speech?: Speech): void {
    this.sockets.add(from);
    from.on("data", (data) => {
      if (this.passage === unless) {
        this.swallowed += 1;
      } else if (to.writable) {
        to.write(speech === undefined ? data : speech.pass(data));
      }
    });
    from.on("error", () => to.destroy());
    from.on("close", () => {
      this.sockets.delete(from);
      to.destroy();
    });
    this.steer(from);
  }

  private steer(socket: Socket): void {
    if (this.passage === "silent") {
      socket.pause();
    } else {
      socket.resume();
    }
  }
}
