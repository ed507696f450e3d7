-- KEYS: the lock, its fence. ARGV: owner, ttl in milliseconds or "" for no end, milliseconds to keep the fence.
-- Answers the fence, or, if the lock is held, -1 less the milliseconds until it expires, 0 for no end: fences are far
-- above 0.
local granted
if ARGV[2] == "" then
  granted = redis.call("SET", KEYS[1], ARGV[1], "NX")
else
  -- A lease of no time is over in the same instant, but the server sets none.
  granted = redis.call("SET", KEYS[1], ARGV[1], "NX", "PX", ARGV[2] == "0" and "1" or ARGV[2])
end
if not granted then
  return -1 - redis.call("PTTL", KEYS[1])
end
local time = redis.call("TIME")
local fence = time[1] * 1000000 + time[2]
local last = redis.pcall("SET", KEYS[2], fence, "PX", ARGV[3], "GET")
if type(last) == "table" then
  -- Without a fence there is no grant.
  redis.call("DEL", KEYS[1])
  return last
end
last = tonumber(last or 0)
if last and last >= fence then
  fence = last + 1
  redis.call("SET", KEYS[2], fence, "PX", ARGV[3])
end
if ARGV[2] == "0" then
  redis.call("DEL", KEYS[1])
end
return fence
