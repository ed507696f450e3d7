-- KEYS: the lock, its fence. Answers { owner, milliseconds until it expires, fence }, or nothing if nobody holds it.
local owner = redis.call("GET", KEYS[1])
if not owner then
  return false
end
return { owner, redis.call("PTTL", KEYS[1]), redis.call("GET", KEYS[2]) or "0" }
