// The servers the tests are given, and throwaway ones that a test may stop, kill and start again.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, open, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { MongoClient } from "mongodb";
import { onTestFinished } from "vitest";
import { halt } from "../../../scripts/servers/halt.mjs";
import { freePort } from "../../../scripts/servers/port.mjs";

interface Recipe {
  mongodb: { find(): { mongod: string } | undefined };
  commandLine(
    mongod: string,
    settings: { data: string; port: number; isReplicaSet: boolean },
  ): { programArguments: string[]; environment: Record<string, string> };
}

// By a name that the compiler does not follow: it is a script, without types.
const recipe = pathToFileURL(join(__dirname, "../../../scripts/servers/mongodb.mjs")).href;
const { mongodb, commandLine }: Recipe = await import(recipe);

/** A replica set of one, and a server that is none. */
export const REPLICA_SET_URL = process.env.MONGODB_URL ?? missing("MONGODB_URL");
export const STANDALONE_URL = process.env.MONGODB_STANDALONE_URL ?? missing("MONGODB_STANDALONE_URL");

function missing(variable: string): never {
  throw new Error(`${variable} names no MongoDB server; npm test provides one, or set it`);
}

const START_PATIENCE_MS = 50_000;

export interface OwnServerSettings {
  readonly isReplicaSet?: boolean;
  /** What it is started with besides. */
  readonly programArguments?: readonly string[];
  /** What its URL ends with, such as "&tls=true". */
  readonly parameters?: string;
}

/** A mongod of one test, gone at its end. */
export class OwnServer {
  private process: ChildProcess | undefined;

  private constructor(
    private readonly folder: string,
    private readonly port: number,
    private readonly settings: OwnServerSettings,
  ) {}

  get url(): string {
    return `mongodb://127.0.0.1:${this.port}/?directConnection=true${this.settings.parameters ?? ""}`;
  }

  static async start(settings: OwnServerSettings = {}): Promise<OwnServer> {
    const folder = await mkdtemp(join(tmpdir(), "holdfast-mongod-"));
    await mkdir(join(folder, "data"));
    const server = new OwnServer(folder, await freePort(), settings);
    onTestFinished(async () => {
      await server.kill();
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    });
    await server.run();
    if (settings.isReplicaSet) {
      const members = [{ _id: 0, host: `127.0.0.1:${server.port}` }];
      await server.until(async () => {
        // Again, as long as it is no primary: it may not have come to it, and one that has refuses to do it twice.
        await server.command({ replSetInitiate: { _id: "holdfast", members } }).catch(() => undefined);
        return (await server.command({ hello: 1 })).isWritablePrimary === true;
      });
    }
    return server;
  }

  /** Starts it again on the data that is there. */
  async run(): Promise<void> {
    const programs = mongodb.find();
    if (programs === undefined) {
      throw new Error("No mongod is on this machine; npm test provides one, or install it");
    }
    const { programArguments, environment } = commandLine(programs.mongod, {
      data: join(this.folder, "data"),
      port: this.port,
      isReplicaSet: this.settings.isReplicaSet ?? false,
    });
    const log = await open(join(this.folder, "log"), "a");
    const started = spawn(programs.mongod, [...programArguments, ...(this.settings.programArguments ?? [])], {
      env: { ...process.env, ...environment },
      stdio: ["ignore", log.fd, log.fd],
    });
    await log.close();
    this.process = started;
    await this.until(async () => (await this.command({ ping: 1 })).ok === 1);
  }

  /** Stops it in its tracks: connections stay, and nothing is answered. */
  async freeze(): Promise<void> {
    if (this.process?.pid !== undefined) {
      await halt(this.process.pid);
    }
  }

  thaw(): void {
    this.process?.kill("SIGCONT");
  }

  /** Ends it without a word. */
  async kill(): Promise<void> {
    const ended = this.process;
    if (ended !== undefined && ended.exitCode === null && ended.signalCode === null) {
      const exit = once(ended, "exit");
      ended.kill("SIGKILL");
      await exit;
    }
  }

  /** Runs a command on the admin database. */
  async command(document: Record<string, unknown>): Promise<Record<string, unknown>> {
    const client = new MongoClient(this.url, { serverSelectionTimeoutMS: 1000 });
    try {
      return await client.db("admin").command(document);
    } finally {
      await client.close();
    }
  }

  private async until(isSo: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + START_PATIENCE_MS;
    while (true) {
      try {
        if (await isSo()) {
          return;
        }
      } catch {
        // Not yet.
      }
      if (Date.now() > deadline || this.process?.exitCode !== null) {
        throw new Error(`mongod does not answer: ${await this.lastWords()}`);
      }
      await setTimeout(50);
    }
  }

  private async lastWords(): Promise<string> {
    return (await readFile(join(this.folder, "log"), "utf8")).split("\n").slice(-5).join(" | ");
  }
}
