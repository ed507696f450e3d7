/** Who wants to know when a signal is aborted. */
const CALLBACKS = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls back when a signal is aborted, unless the function that is answered was called before. However many want to know,
 * the signal has one listener of ours: Node warns of more than ten.
 *
 * @internal
 */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  const callbacks = CALLBACKS.get(signal) ?? listen(signal);
  callbacks.add(callback);
  return () => callbacks.delete(callback);
}

function listen(signal: AbortSignal): Set<() => void> {
  const callbacks = new Set<() => void>();
  CALLBACKS.set(signal, callbacks);
  signal.addEventListener(
    "abort",
    () => {
      for (const callback of callbacks) {
        callback();
      }
      callbacks.clear();
    },
    { once: true },
  );
  return callbacks;
}
