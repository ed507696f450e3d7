// An adapter of the application that never answers for one key. What it has answered is printed; then there is nothing
// more to do.

import { LockProvider } from "holdfast";

const never = () => new Promise(() => undefined);
const provider = new LockProvider({
  adapter: {
    acquire: async (key) => (key.endsWith("silent") ? never() : true),
    release: never,
    forceRelease: never,
    refresh: never,
  },
});

const silent = provider.create("silent");
silent.acquire().defer();
silent.release().defer();
silent.forceRelease().defer();
silent.refresh().defer();
console.log(await provider.create("other").acquire());
