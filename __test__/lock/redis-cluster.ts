import { eventually, RedisServer } from "./redis-server";

/** Masters of our own that share the slots. */
export class RedisCluster {
  private constructor(readonly nodes: readonly [RedisServer, RedisServer, RedisServer]) {}

  static async start(): Promise<RedisCluster> {
    // Nobody takes the place of a node here, and one that is slow is to be no failure.
    const options = ["--cluster-enabled", "yes", "--cluster-node-timeout", "60000"];
    const [first, second, third] = await Promise.all([
      RedisServer.start(options),
      RedisServer.start(options),
      RedisServer.start(options),
    ]);
    const cluster = new RedisCluster([first, second, third]);
    const ends = [0, 5461, 10_923, 16_384];
    for (const [index, node] of cluster.nodes.entries()) {
      const slots = Array.from({ length: 16_384 }, (_, slot) => slot).slice(ends[index], ends[index + 1]);
      await node.command("CLUSTER", "ADDSLOTS", ...slots);
      await node.command("CLUSTER", "MEET", "127.0.0.1", first.port);
    }
    await cluster.whole();
    return cluster;
  }

  get url(): string {
    return `redis+cluster://${this.nodes.map(({ port }) => `127.0.0.1:${port}`).join(",")}`;
  }

  /** Until every node knows every other and who serves what. */
  async whole(): Promise<void> {
    for (const node of this.nodes) {
      await eventually(async () => {
        const info = String(await node.command("CLUSTER", "INFO"));
        return info.includes("cluster_state:ok") && info.includes("cluster_known_nodes:3");
      });
    }
  }

  /** The node that has the slot of a key. */
  async nodeOf(key: string): Promise<RedisServer> {
    const slot = Number(await this.nodes[0].command("CLUSTER", "KEYSLOT", key));
    const ranges = (await this.nodes[0].command("CLUSTER", "SLOTS")) as [number, number, [string, number]][];
    const port = ranges.find(([first, last]) => first <= slot && slot <= last)?.[2][1];
    return this.nodes.find((node) => node.port === port) ?? this.nodes[0];
  }

  async remove(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.remove()));
  }
}

/** The name of a node among the nodes. */
export async function idOf(node: RedisServer): Promise<string> {
  return String(await node.command("CLUSTER", "MYID"));
}
