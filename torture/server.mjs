// The server of a run: one of its own, that can be restarted and frozen, or else one that was given.

import { Throwaway } from "../scripts/servers/throwaway.mjs";
import { listening, recipes } from "../scripts/servers.mjs";
import { StepError, say } from "../scripts/step.mjs";

/**
 * @typedef {object} Server
 * @property {string} url
 * @property {Throwaway} [own] undefined: others use it too
 * @property {() => Promise<void>} stop
 */

/**
 * @param {keyof typeof recipes} name
 * @param {boolean} isOwnWanted whether one is started even if there is one already
 * @returns {Promise<Server>}
 */
export async function provideServer(name, isOwnWanted) {
  const recipe = recipes[name];
  const given = process.env[recipe.variable];
  if (given !== undefined && !isOwnWanted) {
    await listening(recipe, given);
    return { url: given, stop: async () => undefined };
  }
  const programs = recipe.find() ?? ((await recipe.obtain()) ? recipe.find() : undefined);
  if (programs !== undefined) {
    const own = Throwaway.create(recipe.name);
    try {
      const url = await recipe.start(own, programs, recipe.durable);
      say(`${recipe.name}: started one at ${url}`);
      return { url, own, stop: () => own.stop() };
    } catch (error) {
      await own.stop();
      throw error;
    }
  }
  if (given === undefined) {
    throw new StepError(`${recipe.name} is missing: install it, or set ${recipe.variable}`);
  }
  return { url: given, stop: async () => undefined };
}
