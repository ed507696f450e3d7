-- KEYS: the lock, its fence. ARGV: owner, fence. Writes the lease as it is, so that who has heard of that has heard of the
-- grant as well. Answers 1, or 0 if that grant is over.
local held = redis.call("MGET", KEYS[1], KEYS[2])
-- A later grant would have left its fence. A lease without an end outlives its own.
if held[1] ~= ARGV[1] or (held[2] and held[2] ~= ARGV[2]) then
  return 0
end
redis.call("SET", KEYS[1], held[1], "KEEPTTL")
return 1
