// A server of a test's own, to be counted on, stopped, restarted and set up as no other test would like it.

// By name only: the scripts are no part of what is type-checked with the tests.
const scripts = new URL("../../scripts/", import.meta.url);
const { recipes } = await import(`${scripts}servers.mjs`);
const { Throwaway } = await import(`${scripts}servers/throwaway.mjs`);

/**
 * Starts one; its URL, and what is done to it. It must be stopped.
 *
 * @param {"redis" | "postgres" | "mariadb" | "mongodb"} name
 * @param {Record<string, string> | ((folder: string) => Record<string, string>)} [changes] to the settings of the
 *   server; a function may put files into its folder first
 */
export async function startServer(name, changes = {}) {
  const recipe = recipes[name];
  const programs = recipe.find() ?? ((await recipe.obtain()) ? recipe.find() : undefined);
  if (programs === undefined) {
    throw new Error(`${recipe.name} is not installed here, and this test needs a server of its own`);
  }
  const server = Throwaway.create(recipe.name);
  try {
    const url = await recipe.start(server, programs, typeof changes === "function" ? changes(server.folder) : changes);
    return {
      /** @type {string} */
      url,
      /** @type {(signal: NodeJS.Signals, whileAway?: () => Promise<unknown>) => Promise<void>} */
      restart: (signal, whileAway) => server.restart(signal, whileAway),
      /** @type {() => Promise<void>} nothing is answered until it is thawed */
      freeze: () => server.freeze(),
      /** @type {() => Promise<void>} */
      thaw: () => server.thaw(),
      /** @type {() => Promise<void>} */
      stop: () => server.stop(),
    };
  } catch (error) {
    await server.stop();
    throw error;
  }
}
