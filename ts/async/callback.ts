import { type Invokable, invoke } from "../utilities/invokable";

/** Hears from a middleware. A promise it returns is waited for; if it throws or rejects, the call fails with that. */
export type Callback<Data> = Invokable<[data: Data], unknown>;

/**
 * Calls a callback, if there is one, and waits for it.
 *
 * @internal
 */
export async function tell<Data>(callback: Callback<Data> | undefined, data: Data): Promise<void> {
  if (callback !== undefined) {
    await invoke(callback, data);
  }
}
