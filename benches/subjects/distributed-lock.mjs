import createKnex from "knex";
import { StandIn } from "../../__test__/compat/stand-in.mjs";

export const name = "stand-in for @ndustrial/sequelize-distributed-lock";
export const backends = ["postgres", "postgres-asynchronous"];
export const role = "package";
/** It locks its whole table, and sleeps for a second when another has: once is enough, and 512 would take minutes. */
export const every = Number.POSITIVE_INFINITY;
export const maxInFlight = 64;

export function open(keys, _folder, url) {
  const knex = createKnex({ client: "pg", connection: url, pool: { min: 0, max: 10 } });
  const locks = new Map(keys.map((key) => [key, new StandIn(key, { queryInterface: knex, client: "knex" })]));
  return {
    async cycles(key, count) {
      for (let left = count; left > 0; left -= 1) {
        await locks.get(key).lock();
      }
    },
    close: () => knex.destroy(),
  };
}
