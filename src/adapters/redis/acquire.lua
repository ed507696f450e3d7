-- KEYS: the lock, its fence. ARGV: owner, ttl in milliseconds or "" for no end, milliseconds to keep the fence.
-- Answers { 1, fence } or { 0, milliseconds until the lock expires, -1 for no end }.
if redis.call("EXISTS", KEYS[1]) == 1 then
  return { 0, redis.call("PTTL", KEYS[1]) }
end
local time = redis.call("TIME")
local last = tonumber(redis.call("GET", KEYS[2]) or "0")
local fence = string.format("%.0f", math.max(last + 1, time[1] * 1000000 + time[2]))
redis.call("SET", KEYS[2], fence, "PX", ARGV[3])
if ARGV[2] == "" then
  redis.call("SET", KEYS[1], ARGV[1])
elseif ARGV[2] ~= "0" then
  redis.call("SET", KEYS[1], ARGV[1], "PX", ARGV[2])
end
return { 1, fence }
