-- KEYS: the lock, its fence. ARGV: owner, ttl in milliseconds, fence or "" for any.
-- Answers 1 (refreshed), 0 (not the owner's by that grant) or -1 (has no end).
if redis.call("GET", KEYS[1]) ~= ARGV[1] then
  return 0
end
if ARGV[3] ~= "" then
  -- As in release.lua.
  local fence = redis.call("GET", KEYS[2])
  if fence and fence ~= ARGV[3] then
    return 0
  end
end
if redis.call("PTTL", KEYS[1]) == -1 then
  return -1
end
return redis.call("PEXPIRE", KEYS[1], ARGV[2])
