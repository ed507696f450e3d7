import { openProvider } from "../../native";
import { NativeLockAdapter } from "./native-lock-adapter";

/**
 * Grants every lock to everybody and keeps nothing: for tests, and for switching locks off. There is nothing to close, so
 * that it goes on afterwards.
 */
export class NoOpLockAdapter extends NativeLockAdapter {
  /** It needs nothing. */
  constructor() {
    super(openProvider("no-op:"));
  }
}
