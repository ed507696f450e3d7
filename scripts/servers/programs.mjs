// Programs on this machine.

import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

const systemFolders = ["/usr/sbin", "/usr/local/sbin", "/opt/homebrew/bin", "/usr/local/bin"];

/**
 * The paths of several programs.
 *
 * @param {string[]} names
 * @param {string[]} folders where to look besides the PATH
 * @returns {Record<string, string> | undefined} undefined unless all of them are there
 */
export function findPrograms(names, folders = []) {
  const everywhere = [...(process.env.PATH ?? "").split(delimiter), ...systemFolders, ...folders];
  const found = names.map((name) => [name, everywhere.map((folder) => join(folder, name)).find(isExecutable)]);
  return found.every(([, path]) => path !== undefined) ? Object.fromEntries(found) : undefined;
}

/** @param {string} path */
function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
