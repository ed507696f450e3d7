import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { Redis } from "ioredis";
import { isListening } from "../../scripts/servers/conversation.mjs";
import { halt } from "../../scripts/servers/halt.mjs";
import { isFree } from "../../scripts/servers/port.mjs";
import { findPrograms } from "../../scripts/servers/programs.mjs";

/** Servers of our own, which may be stopped, paused and told nonsense. Each ends with the tests at the latest. */
export class RedisServer {
  readonly folder = mkdtempSync(join(tmpdir(), "holdfast-redis-"));
  private readonly clients: Redis[] = [];
  private process: ChildProcess | undefined;

  private constructor(
    readonly port: number,
    private readonly options: readonly string[],
    private readonly file: readonly string[] = [],
  ) {}

  /** Starts one on a free port of this host, with options of redis-server; their `PORT` stands for that port. */
  static async start(options: readonly string[] = []): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), options);
    await server.start();
    return server;
  }

  /** The same with a file of settings, which a sentinel also writes to. */
  static async startWithFile(file: string, options: readonly string[]): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), options, [file]);
    await server.start();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  get pid(): number {
    return this.process?.pid ?? Number.NaN;
  }

  /** Again, after an end. */
  async start(further: readonly string[] = []): Promise<void> {
    const programs = findPrograms(["redis-server"]);
    if (programs === undefined) {
      throw new Error("redis-server is not on this machine; npm test installs it, or do it by hand");
    }
    const fixed = ["--port", `${this.port}`, "--bind", "127.0.0.1", "--dir", this.folder, "--save", ""];
    const options = [...this.file, ...fixed, ...this.options, ...further].map((option) =>
      option === "PORT" ? `${this.port}` : option,
    );
    const child = spawn(programs["redis-server"] as string, options, { stdio: "ignore" });
    this.process = child;
    const abandon = () => child.kill("SIGKILL");
    process.once("exit", abandon);
    child.once("exit", () => process.off("exit", abandon));
    await eventually(async () => {
      if (child.exitCode !== null) {
        throw new Error(`redis-server ended with ${child.exitCode}: ${options.join(" ")}`);
      }
      return isListening(this.url);
    });
  }

  /** What a command is answered. */
  async command(name: string, ...words: (string | number)[]): Promise<unknown> {
    return this.client().call(name, ...words);
  }

  /** A client that tries again until the server is there. */
  client(): Redis {
    const [known] = this.clients;
    if (known !== undefined) {
      return known;
    }
    const made = new Redis({ port: this.port, host: "127.0.0.1", retryStrategy: () => 50, maxRetriesPerRequest: null });
    made.on("error", () => undefined);
    this.clients.push(made);
    return made;
  }

  /** It keeps its connections and says nothing. */
  pause(): Promise<void> {
    return halt(this.pid);
  }

  resume(): void {
    process.kill(this.pid, "SIGCONT");
  }

  /** At once, without a word to its clients. */
  async kill(): Promise<void> {
    const child = this.process;
    if (child !== undefined && child.exitCode === null && child.signalCode === null) {
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    }
  }

  /** For good. */
  async remove(): Promise<void> {
    for (const client of this.clients) {
      client.disconnect();
    }
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Waits until something is so, for as long as the test may take. */
export async function eventually(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) {
    await setTimeout(20);
  }
}

/** Asks for something until it is done. */
export function done(ask: () => PromiseLike<unknown>): Promise<void> {
  return eventually(async () =>
    ask().then(
      () => true,
      () => false,
    ),
  );
}

/** Waits until an adapter is connected, which on a busy machine may take longer than the adapter does. */
export function connected(adapter: { init(): PromiseLike<void> }): Promise<void> {
  return done(() => adapter.init());
}

/**
 * A port that is free, and the one ten thousand above as well, which a node of a cluster takes for the others; both below
 * those from which systems choose one for a connection.
 */
async function freePort(): Promise<number> {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 12_000);
    if ((await isFree(port)) && (await isFree(port + 10_000))) {
      return port;
    }
  }
}
