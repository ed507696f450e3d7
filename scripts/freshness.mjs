// Whether something built is what its sources would build again. Judged by content: a checkout gives files any date.

import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { root } from "./step.mjs";

/**
 * One hash over the names and contents of files; folders count with everything below them, absent paths as absent.
 *
 * @param {string[]} paths relative to the repository
 * @param {string} extra anything else the result depends on
 */
export function fingerprint(paths, extra = "") {
  const hash = createHash("sha256").update(extra);
  for (const path of paths.flatMap(filesAt).sort()) {
    const content = readFileSync(join(root, path));
    hash.update(`\0${path}\0${content.length}\0`).update(content);
  }
  return hash.digest("hex");
}

function filesAt(path) {
  const status = statSync(join(root, path), { throwIfNoEntry: false });
  if (status === undefined) {
    return [];
  }
  if (!status.isDirectory()) {
    return [path];
  }
  return readdirSync(join(root, path)).flatMap((name) => filesAt(`${path}/${name}`));
}

/** The two fingerprints a build leaves behind: of what went in, and of what came out. */
export class Stamp {
  #file;
  #sources;
  #outputs;

  /**
   * @param {string} name
   * @param {() => string} sources fingerprint of what goes in
   * @param {() => string} outputs fingerprint of what comes out; a result changed by hand is stale, too
   */
  constructor(name, sources, outputs) {
    this.#file = join(root, ".cache", `${name}.json`);
    this.#sources = sources;
    this.#outputs = outputs;
  }

  isFresh() {
    try {
      const { sources, outputs } = JSON.parse(readFileSync(this.#file, "utf8"));
      return sources === this.#sources() && outputs === this.#outputs();
    } catch {
      return false;
    }
  }

  write() {
    mkdirSync(dirname(this.#file), { recursive: true });
    writeFileSync(this.#file, `${JSON.stringify({ sources: this.#sources(), outputs: this.#outputs() })}\n`);
  }
}
