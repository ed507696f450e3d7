-- KEYS: the lock, its fence. ARGV: owner, fence or "" for any, channel, the command that publishes there.
-- Answers 1 if it was the owner's by that grant, else 0.
if redis.call("GET", KEYS[1]) ~= ARGV[1] then
  return 0
end
if ARGV[2] ~= "" then
  -- A later grant would have left its fence. A lease without an end outlives its own.
  local fence = redis.call("GET", KEYS[2])
  if fence and fence ~= ARGV[2] then
    return 0
  end
end
redis.call("DEL", KEYS[1])
-- Not every user may publish, and not every server knows how to within a slot; released it is all the same.
local heard = redis.pcall(ARGV[4], ARGV[3], "")
if type(heard) == "table" and ARGV[4] ~= "PUBLISH" then
  redis.pcall("PUBLISH", ARGV[3], "")
end
return 1
