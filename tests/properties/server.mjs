// A server of the tests' own, for a program that is not written in JavaScript: started with the settings that the second
// argument has, restarted by the signal that a line of standard input names, and gone when there are no more lines.

import { createInterface } from "node:readline";
import { startServer } from "../../__test__/processes/own-server.mjs";

const [name, settings = "{}"] = process.argv.slice(2);
const server = await startServer(/** @type {Parameters<typeof startServer>[0]} */ (name), JSON.parse(settings));
try {
  console.log(`at ${server.url}`);
  for await (const signal of createInterface({ input: process.stdin })) {
    await server.restart(/** @type {NodeJS.Signals} */ (signal));
    console.log("back");
  }
} finally {
  await server.stop();
}
