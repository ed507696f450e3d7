import { openProvider } from "../../native";
import { InvalidInputError } from "../../utilities/errors";
import { NativeLockAdapter } from "./native-lock-adapter";

/** Settings of {@link MemoryLockAdapter}. */
export interface MemoryLockAdapterSettings {
  /**
   * All adapters of one name in this process share their locks, those in worker threads included. Default: none, and the
   * adapter shares its locks with nobody.
   */
  name?: string | undefined;
}

/** Locks inside one process. They end with it, and expire by a monotonic clock. */
export class MemoryLockAdapter extends NativeLockAdapter {
  /** @throws InvalidInputError if the name is empty or no string. */
  constructor(settings: MemoryLockAdapterSettings = {}) {
    const { name } = settings;
    if (name !== undefined && (typeof name !== "string" || name === "")) {
      throw new InvalidInputError("The name of a MemoryLockAdapter is no text; pass one, or leave it out");
    }
    super(openProvider(`memory:${name ?? ""}`));
  }
}
