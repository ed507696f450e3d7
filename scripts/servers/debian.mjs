// Installing Debian packages, for machines made for one run. Only as root: nobody is asked for a password.

import { existsSync, rmSync, writeFileSync } from "node:fs";
import { step } from "../step.mjs";

const policy = "/usr/sbin/policy-rc.d";
const environment = { DEBIAN_FRONTEND: "noninteractive" };
let updated = false;

/** @returns {Promise<boolean>} false where packages cannot be installed */
export async function installPackages(...names) {
  if (process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get")) {
    return false;
  }
  if (!updated) {
    await step("updating the list of Debian packages", ["apt-get", "update"], { environment });
    updated = true;
  }
  // A package may start the server it brings; ours are started on ports of their own.
  const allowsServices = !existsSync(policy);
  if (allowsServices) {
    writeFileSync(policy, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  }
  try {
    const command = ["apt-get", "install", "--yes", "--no-install-recommends", ...names];
    await step(`installing ${names.join(", ")}`, command, { environment });
  } finally {
    if (allowsServices) {
      rmSync(policy);
    }
  }
  return true;
}
