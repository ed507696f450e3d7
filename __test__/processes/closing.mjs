// Holds a lock, and is told to end. The second argument says what the function does that holds it: "finishes" a while
// after it was told, or "never ends" unless its signal is aborted. What becomes of it is printed.

import { closeOnSignals, LockProvider, TimeSpan } from "holdfast";

const [url = "", scenario = ""] = process.argv.slice(2);

const provider = new LockProvider({ adapter: url });
const drain = scenario === "finishes" ? TimeSpan.fromMinutes(1) : TimeSpan.fromMilliseconds(50);
closeOnSignals(provider, { drain });

const alive = setInterval(() => undefined, 1000);
const running = provider.create("key", { ttl: null }).runOrFail(async ({ signal }) => {
  process.send?.("holding");
  await new Promise((resolve) => {
    process.on("message", resolve);
    signal.addEventListener("abort", () => resolve(signal.reason.reason));
  }).then((word) => process.stdout.write(`${word}\n`));
});
await running;
clearInterval(alive);
