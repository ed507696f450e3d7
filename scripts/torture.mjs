// `npm run torture`: does to the locks of every adapter what the world does to them, and checks that they stay locks.
// `npm run torture -- --minutes 10 --seed 7 --adapters sqlite,redis` for so long in all, this schedule, and these only.

import { torture } from "../torture/main.mjs";
import { prepare } from "./prepare.mjs";
import { failOnInterrupt, main } from "./step.mjs";

await main(async () => {
  failOnInterrupt();
  await prepare();
  return torture(process.argv.slice(2));
});
// Everything has been stopped; a socket that Node cannot let go of is no reason to stay.
process.exit();
