// The database servers the suites need, wherever they can be had: named by a variable, running already, started here
// from programs on the machine, or installed first. What is started here is thrown away at the end.

import { isListening } from "./servers/conversation.mjs";
import { mariadb } from "./servers/mariadb.mjs";
import { mongodb, mongodbStandalone } from "./servers/mongodb.mjs";
import { pgbouncer } from "./servers/pgbouncer.mjs";
import { postgres } from "./servers/postgres.mjs";
import { redis } from "./servers/redis.mjs";
import { Throwaway } from "./servers/throwaway.mjs";
import { StepError, say, throwIfInterrupted } from "./step.mjs";

/**
 * How one kind of server is had.
 *
 * @typedef {object} Recipe
 * @property {string} name as people call it
 * @property {string} variable the environment variable the suites read its URL from
 * @property {string} [localUrl] where one runs that nobody had to configure
 * @property {string} [behind] the variable of a server that this one stands before; that is provided earlier
 * @property {(url: string) => Promise<boolean>} answers whether the server there lets us in without a password
 * @property {() => Record<string, string> | undefined} find the programs needed to start one, if all are here
 * @property {() => Promise<boolean>} obtain gets those programs onto the machine; false where that can't be done
 * @property {Record<string, string>} [durable] the changes with which it has on its disk what it has answered, where it
 *   does not as it is
 * @property {(server: Throwaway, programs: Record<string, string>, changes?: Record<string, string>) => Promise<string>}
 *   start starts one, gives its URL; the changes are to the settings of the server, and their "behind" is the URL of the
 *   one it stands before
 */

/** @type {Record<string, Recipe>} */
export const recipes = { postgres, pgbouncer, mariadb, redis, mongodb, mongodbStandalone };

/**
 * The recipes the suites need. One that cannot be had is named after the results, and fails the run where
 * REQUIRE_SERVERS is set.
 *
 * @type {(keyof typeof recipes)[]}
 */
export const required = ["redis", "postgres", "pgbouncer", "mariadb", "mongodb", "mongodbStandalone"];

const configuredPatienceMs = 30_000;

/**
 * Provides servers one after the other. Whatever happens, `stop` ends those that were started.
 *
 * @param {(keyof typeof recipes)[]} names
 */
export async function provision(names) {
  const started = [];
  /** URLs by environment variable, and one sentence for each server that could not be had. */
  const environment = {};
  const missing = [];
  const stop = async () => {
    await Promise.all(started.map((server) => server.stop()));
  };
  try {
    for (const name of names) {
      const recipe = recipes[name];
      try {
        environment[recipe.variable] = (await findRunning(recipe)) ?? (await start(recipe, started, environment));
      } catch (error) {
        throwIfInterrupted();
        missing.push(`${recipe.name} is missing: ${error.message}`);
      }
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { environment, missing, stop };
}

async function findRunning(recipe) {
  const configured = process.env[recipe.variable];
  if (configured) {
    await listening(recipe, configured);
    say(`${recipe.name}: using ${recipe.variable}`);
    return configured;
  }
  if (recipe.localUrl !== undefined && (await recipe.answers(recipe.localUrl))) {
    say(`${recipe.name}: using the server at ${recipe.localUrl}`);
    return recipe.localUrl;
  }
}

/** Fulfilled when a server that is configured takes connections, for which a busy machine may need its time. */
export async function listening({ variable }, configured) {
  const deadline = Date.now() + configuredPatienceMs;
  while (!(await isListening(configured))) {
    if (Date.now() > deadline) {
      throw new StepError(`${variable} is set, but nothing listens there`);
    }
    await Throwaway.pause();
  }
}

async function start(recipe, started, environment) {
  const behind = environment[recipe.behind];
  if (recipe.behind !== undefined && behind === undefined) {
    throw new StepError(`there is no server to stand before, see ${recipe.behind}`);
  }
  const programs = recipe.find() ?? ((await recipe.obtain()) ? recipe.find() : undefined);
  if (programs === undefined) {
    throw new StepError(`install it, or set ${recipe.variable}`);
  }
  const server = Throwaway.create(recipe.name);
  started.push(server);
  const url = await recipe.start(server, programs, { ...(behind !== undefined && { behind }) });
  say(`${recipe.name}: started one at ${url}`);
  return url;
}
