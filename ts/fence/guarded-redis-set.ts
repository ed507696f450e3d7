import { numberOf } from "./guarded-update";

/** What is needed of an ioredis client. */
export interface RedisScripting {
  /** As ioredis has it. */
  eval(script: string, numberOfKeys: number, ...keysAndArguments: (string | number)[]): PromiseLike<unknown>;
}

// KEYS: the value, its fence. ARGV: value, fence.
const SET = `
local highest = tonumber(redis.call("GET", KEYS[2]) or "0")
if tonumber(ARGV[2]) < highest then
  return 0
end
redis.call("SET", KEYS[1], ARGV[1])
redis.call("SET", KEYS[2], ARGV[2])
return 1
`;

/**
 * Sets a key of Redis only if no later grant has set it. The fence is kept beside it, in the same slot, under
 * `{key}:guard`; whoever writes the key by other means goes unguarded.
 *
 * @param client An ioredis client.
 * @param key What to set, without a hash tag of its own.
 * @param fence That of the lock.
 * @returns `false`: the writer was overtaken, and nothing was written.
 */
export async function guardRedisSet(
  client: RedisScripting,
  key: string,
  value: string | number,
  fence: bigint,
): Promise<boolean> {
  return (await client.eval(SET, 2, key, `{${key}}:guard`, value, numberOf(fence))) === 1;
}
