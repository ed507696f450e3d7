import { fork } from "node:child_process";

const child = new URL("child.mjs", import.meta.url);

/** A process that does one work of child.mjs, or what another script says. */
export class Process {
  #child;
  #heard = [];
  #isSilent = false;
  #listener = () => undefined;

  constructor(settings, script = child) {
    this.#child = fork(script, [JSON.stringify(settings)], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
    this.#child.on("message", (message) => {
      this.#heard.push(message);
      this.#listener();
    });
    // Its exit may be told before its last words are; after the channel's end there are none.
    this.#child.on("disconnect", () => {
      this.#isSilent = true;
      this.#listener();
    });
  }

  /** What it tells next. */
  async hear() {
    while (this.#heard.length === 0) {
      if (this.#isSilent) {
        throw new Error("a process of a benchmark ended without a word");
      }
      await new Promise((resolve) => {
        this.#listener = resolve;
      });
    }
    return this.#heard.shift();
  }

  /** Orders something, and hears what comes of it. */
  ask(order, ...values) {
    this.tell(order, ...values);
    return this.hear();
  }

  tell(order, ...values) {
    this.#child.send([order, ...values]);
  }

  async result() {
    const { result } = await this.hear();
    return result ?? this.result();
  }

  kill() {
    this.#child.kill("SIGKILL");
  }
}
