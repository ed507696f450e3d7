export type { FenceGuardSettings } from "./fence-guard";
export { FenceGuard } from "./fence-guard";
export type { RedisScripting } from "./guarded-redis-set";
export { guardRedisSet } from "./guarded-redis-set";
export type {
  FenceColumn,
  GuardedMongodbUpdate,
  KnexUpdate,
  KyselyUpdate,
  SequelizeModel,
} from "./guarded-update";
export { guardKnexUpdate, guardKyselyUpdate, guardMongodbUpdate, guardSequelizeUpdate } from "./guarded-update";
export { StaleFenceError } from "./stale-fence-error";
