-- KEYS: the lock, its fence. ARGV: owner, ttl in milliseconds, fence or "" for any.
-- Answers 1 (refreshed), 0 (not the owner's by that grant) or -1 (has no end).
local held = redis.call("MGET", KEYS[1], KEYS[2])
-- As in release.lua.
if held[1] ~= ARGV[1] or (ARGV[3] ~= "" and held[2] and held[2] ~= ARGV[3]) then
  return 0
end
if redis.call("PTTL", KEYS[1]) == -1 then
  return -1
end
return redis.call("PEXPIRE", KEYS[1], ARGV[2])
