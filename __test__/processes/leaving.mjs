// Calls process.exit with the code that is its second argument while many calls are under way.

import { LockProvider, SqliteLockAdapter, TimeSpan } from "holdfast";

const [url = "", code = ""] = process.argv.slice(2);
const CALLS = 100;
/** From before anything was sent to where some calls have come back and others are waiting for the file. */
const LONGEST_DELAY = 20;

const ttl = TimeSpan.fromMilliseconds(500);
const providers = [1, 2, 3].map(() => new LockProvider({ adapter: url, defaultTtl: ttl }));
const leave = () => process.exit(Number(code));

for (const provider of providers) {
  for (let number = 0; number < CALLS; number += 1) {
    provider
      .create(`key ${number % 4}`)
      .acquireBlocking({ interval: TimeSpan.fromMilliseconds(1) })
      .defer();
  }
  if (Math.random() < 0.2) {
    provider.create("free").acquire().then(leave);
  }
}
new SqliteLockAdapter({ url }).removeAllExpired().then(() => undefined);
setTimeout(leave, Math.random() * LONGEST_DELAY);
