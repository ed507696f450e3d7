import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { onTestFinished } from "vitest";

/** How a process came to its end, and all that it printed. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** How a process ends that has nothing more to do and nothing to say. */
export const QUIET_END: Ending = { code: 0, signal: null, stdout: "", stderr: "" };

export interface ChildSettings {
  /** Whether messages can be exchanged with it. Default `false`: its standard streams are all it has, as in a shell. */
  talks?: boolean;
  /** A command that runs the one that follows it. Default: none. */
  through?: readonly string[];
  /** Options of Node. Default: none. */
  nodeOptions?: readonly string[];
  /** Of a test that runs beside others, which has to say which one it is. Default: of the one that runs. */
  onTestFinished?: (callback: () => Promise<void>) => void;
}

/** A process that runs one of the scripts beside this file. It never outlives the test that started it. */
export class Child {
  /** Fulfilled when the process is gone and its streams are read to their end. */
  readonly ended: Promise<Ending>;
  private readonly process: ChildProcess;
  private readonly said: unknown[] = [];
  private heard: ((message: unknown) => void) | undefined;

  constructor(
    script: string,
    args: readonly string[],
    { talks = false, through = [], nodeOptions = [], ...settings }: ChildSettings = {},
  ) {
    const [command = "", ...rest] = [...through, process.execPath, ...nodeOptions, join(__dirname, script), ...args];
    this.process = spawn(command, rest, { stdio: ["ignore", "pipe", "pipe", ...(talks ? (["ipc"] as const) : [])] });
    this.ended = this.end();
    // A process that cannot be started is reported to whoever waits for its end or for a word of it.
    this.ended.catch(() => undefined);
    this.process.on("message", (message) => {
      this.said.push(message);
      this.heard?.(undefined);
    });
    (settings.onTestFinished ?? onTestFinished)(async () => {
      this.kill();
      await this.ended.catch(() => undefined);
    });
  }

  get pid(): number {
    return this.process.pid ?? Number.NaN;
  }

  /** The next of its messages in the order they were sent. Rejects if it ends without one. */
  async hear(): Promise<unknown> {
    while (this.said.length === 0) {
      const message = new Promise((resolve) => {
        this.heard = resolve;
      });
      const ending = await Promise.race([message, this.ended]);
      if (ending !== undefined && this.said.length === 0) {
        throw new Error(`The process ended without a word: ${JSON.stringify(ending)}`);
      }
    }
    return this.said.shift();
  }

  tell(message: unknown): void {
    // It may have ended meanwhile; then it is for its ending to tell.
    this.process.send?.(message as object, () => undefined);
  }

  /** Lets a process end that waits for messages. */
  dismiss(): Promise<Ending> {
    if (this.process.connected) {
      this.process.disconnect();
    }
    return this.ended;
  }

  kill(): void {
    this.process.kill("SIGKILL");
  }

  // Not the event "close", which does not come if this side has closed the channel.
  private async end(): Promise<Ending> {
    const { stdout, stderr } = this.process;
    const output = Promise.all([stdout, stderr].map((stream) => (stream === null ? "" : text(stream))));
    const [code, signal] = await once(this.process, "exit");
    const [printed = "", complained = ""] = await output;
    return { code, signal, stdout: printed, stderr: complained };
  }
}
