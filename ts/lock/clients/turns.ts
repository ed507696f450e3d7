const last = new WeakMap<object, Promise<unknown>>();

/**
 * Runs one thing after another on a connection, whatever number of adapters shares it: some drivers complain about a
 * query that is begun while another is under way.
 */
export function inTurn<T>(connection: object, run: () => PromiseLike<T>): Promise<T> {
  const turn = (last.get(connection) ?? Promise.resolve()).then(run);
  last.set(
    connection,
    turn.catch(() => undefined),
  );
  return turn;
}
