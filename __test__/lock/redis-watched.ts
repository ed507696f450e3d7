import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually, RedisServer } from "./redis-server";

/** A primary and a replica of our own, and a sentinel that watches them under the name "main". */
export class WatchedRedis {
  private constructor(
    readonly primary: RedisServer,
    readonly replica: RedisServer,
    readonly sentinel: RedisServer,
    private readonly folder: string,
  ) {}

  static async start(): Promise<WatchedRedis> {
    const primary = await RedisServer.start(["--repl-diskless-sync-delay", "0"]);
    const replica = await RedisServer.start(["--replicaof", "127.0.0.1", `${primary.port}`]);
    await tells(replica, "replication", "master_link_status:up");
    const folder = mkdtempSync(join(tmpdir(), "holdfast-sentinel-"));
    const file = join(folder, "sentinel.conf");
    const lines = [
      `monitor main 127.0.0.1 ${primary.port} 1`,
      "down-after-milliseconds main 60000",
      "failover-timeout main 5000",
    ];
    writeFileSync(file, lines.map((line) => `sentinel ${line}\n`).join(""));
    const sentinel = await RedisServer.startWithFile(file, ["--sentinel"]);
    await tells(sentinel, "sentinel", "slaves=1");
    return new WatchedRedis(primary, replica, sentinel, folder);
  }

  get url(): string {
    return `redis+sentinel://127.0.0.1:${this.sentinel.port}/main`;
  }

  /** From here on the replica hears nothing of what the primary is told. */
  async separate(): Promise<void> {
    await this.replica.pause();
    await this.primary.command("CLIENT", "KILL", "TYPE", "replica");
  }

  /** The primary dies. The sentinel, which is patient until then, notices at once, and puts the replica in its place. */
  async bereave(): Promise<void> {
    await this.sentinel.command("SENTINEL", "SET", "main", "down-after-milliseconds", 500);
    await this.primary.kill();
  }

  async remove(): Promise<void> {
    await Promise.all([this.sentinel, this.replica, this.primary].map((server) => server.remove()));
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Waits for a line in what a server says of itself. */
export function tells(server: RedisServer, section: string, line: string): Promise<void> {
  return eventually(async () => String(await server.command("INFO", section)).includes(line));
}
