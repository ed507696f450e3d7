import { Child } from "./child";

/** All that can be asked of an adapter. Those that need one take a key as argument. */
export const VERBS = [
  "init",
  "acquire",
  "release",
  "forceRelease",
  "refresh",
  "getState",
  "removeAllExpired",
  "deInit",
];

export interface RemoteAdapterSettings {
  readonly url: string;
  readonly tableName?: string;
  /** Whether the process gives up the rights of the superuser, for whom no file is read-only. */
  readonly asNobody?: boolean;
}

/** What the other process reports of an error. */
export interface Failure {
  readonly isAdapterError: boolean;
  readonly name: string;
  readonly code: string | undefined;
  readonly message: string;
}

/** An adapter for SQLite in a process of its own. */
export class RemoteAdapter {
  private readonly child: Child;

  constructor(settings: RemoteAdapterSettings, through: readonly string[] = []) {
    this.child = new Child("remote.mjs", [JSON.stringify(settings)], { talks: true, through });
  }

  /** What an order to it is answered. */
  async ask(order: string, argument = ""): Promise<unknown> {
    const report = await this.order(order, argument);
    if (report.failure !== undefined) {
      throw new Error(`${order} ${argument} failed: ${JSON.stringify(report.failure)}`);
    }
    return report.answer;
  }

  /** What an order to it fails with; `undefined`: it does not. */
  async failureOf(order: string, argument = ""): Promise<Failure | undefined> {
    return (await this.order(order, argument)).failure;
  }

  dismiss(): Promise<unknown> {
    return this.child.dismiss();
  }

  private async order(order: string, argument: string): Promise<{ answer?: unknown; failure?: Failure }> {
    this.child.tell([order, argument]);
    return (await this.child.hear()) as { answer?: unknown; failure?: Failure };
  }
}
