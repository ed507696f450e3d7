// A process that has nothing more to do when it is through with its locks.

import DLocks from "holdfast/mongo-distributed-locks";

DLocks.configure({ url: process.argv[2] });
const lock = await DLocks.lock({ resource: "user", id: "leaving" });
await DLocks.unlock(lock);
await DLocks.unlock(lock);
