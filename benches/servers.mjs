// The servers of the backends that need one: started here with the durability they have by default, gone at the end.

import { execFileSync } from "node:child_process";
import { dirname } from "node:path";
import { Throwaway } from "../scripts/servers/throwaway.mjs";
import { recipes } from "../scripts/servers.mjs";
import { StepError, say } from "../scripts/step.mjs";

/** For each backend a recipe, and the settings its server is started with. */
const servers = {
  postgres: { recipe: recipes.postgres, settings: { fsync: "on" } },
  "postgres-asynchronous": { recipe: recipes.postgres, settings: { fsync: "on", synchronous_commit: "off" } },
  mariadb: { recipe: recipes.mariadb, settings: {} },
  redis: { recipe: recipes.redis, settings: {} },
  mongodb: { recipe: recipes.mongodb, settings: {} },
};

/**
 * Does something with a server for a backend; with none if it needs none.
 *
 * @template Result
 * @param {string} backend
 * @param {(url: string | undefined) => Promise<Result>} work
 */
export async function withServer(backend, work) {
  if (!Object.hasOwn(servers, backend)) {
    return work(undefined);
  }
  const { recipe, settings } = servers[backend];
  const programs = recipe.find() ?? ((await recipe.obtain()) ? recipe.find() : undefined);
  if (programs === undefined) {
    throw new StepError(`${recipe.name} is not installed; npm test says how it gets there`);
  }
  const server = Throwaway.create(recipe.name);
  try {
    say(`starting ${recipe.name} for ${backend}`);
    return await work(await recipe.start(server, programs, settings));
  } finally {
    await server.stop();
  }
}

/**
 * The servers of backends and their versions: a line for each kind.
 *
 * @param {string[]} backends
 */
export function describeServers(backends) {
  const found = backends.map((backend) => servers[backend]?.recipe).filter((recipe) => recipe?.find() !== undefined);
  return [...new Set(found)].map((recipe) => {
    // The server comes last, behind what prepares it.
    const server = Object.values(recipe.find()).at(-1);
    // Libraries that it was obtained with are beside it.
    const environment = { ...process.env, LD_LIBRARY_PATH: dirname(server) };
    const output = execFileSync(server, ["--version"], { encoding: "utf8", env: environment });
    return `${recipe.name} ${/\d+(\.\d+)+/.exec(output)?.[0]}`;
  });
}
