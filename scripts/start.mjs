// `npm start`: from a fresh checkout to locks at work.

import { spawn } from "node:child_process";
import { join } from "node:path";
import { prepare } from "./prepare.mjs";
import { main, root, say } from "./step.mjs";

await main(async () => {
  await prepare();
  say("running examples/contention/main.mjs");
  const demo = spawn(process.execPath, [join(root, "examples/contention/main.mjs")], { cwd: root, stdio: "inherit" });
  return new Promise((resolve, reject) => {
    demo.on("error", reject);
    demo.on("exit", (code) => resolve(code ?? 1));
  });
});
