// package-lock.json as every machine needs it. npm leaves packages for other platforms out of a lock file it writes
// beside an installed node_modules, or when the registry at hand lacks them; `npm ci` then refuses the file.
// Run as a program this puts the entries back.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { main, root, StepError, say } from "./step.mjs";

const file = join(root, "package-lock.json");
const cpus = ["arm64", "arm", "ia32", "loong64", "ppc64", "riscv64", "s390x", "wasm32", "x64"];
const systems = ["aix", "android", "darwin", "freebsd", "linux", "netbsd", "openbsd", "openharmony", "sunos", "win32"];

/** Fails where the lock file would not do on another machine. */
export function checkLockfile() {
  const lock = read();
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  if (lock.version !== version) {
    throw new StepError(`package-lock.json is of version ${lock.version}: run \`npm install --package-lock-only\``);
  }
  if (Object.values(lock.packages).some(({ resolved }) => resolved !== undefined)) {
    throw new StepError(
      "package-lock.json names the registry it was made with: " +
        "run `npm install --package-lock-only --omit-lockfile-registry-resolved`",
    );
  }
  const absent = absentPackages(lock).map(({ name }) => name);
  if (absent.length > 0) {
    throw new StepError(
      `package-lock.json lacks packages for other platforms: run \`node scripts/lockfile.mjs\` (${absent.join(", ")})`,
    );
  }
}

/** Adds what the names and versions of the absent packages tell; their checksums stay unknown. */
function complete() {
  const lock = read();
  const absent = absentPackages(lock);
  for (const { name, version, dev } of absent) {
    lock.packages[`node_modules/${name}`] = { version, ...platformOf(name), ...(dev ? { dev } : {}), optional: true };
  }
  const [own, ...others] = Object.entries(lock.packages);
  others.sort(([left], [right]) => left.localeCompare(right, "en"));
  lock.packages = Object.fromEntries([own, ...others]);
  writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
  return absent.length;
}

function absentPackages({ packages }) {
  return Object.values(packages).flatMap(({ optionalDependencies = {}, dev }) =>
    Object.entries(optionalDependencies)
      .filter(([name]) => packages[`node_modules/${name}`] === undefined)
      .map(([name, version]) => ({ name, version, dev })),
  );
}

function platformOf(name) {
  const words = name.split(/[/-]/);
  const cpu = cpus.filter((candidate) => words.includes(candidate));
  const os = systems.filter((candidate) => words.includes(candidate));
  const libc = words.includes("musl") ? ["musl"] : os.includes("linux") && words.includes("gnu") ? ["glibc"] : [];
  return Object.fromEntries(Object.entries({ cpu, libc, os }).filter(([, values]) => values.length > 0));
}

function read() {
  return JSON.parse(readFileSync(file, "utf8"));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  await main(() => {
    say(`put ${complete()} packages for other platforms back into package-lock.json`);
  });
}
