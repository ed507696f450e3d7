-- KEYS: the lock, its fence. ARGV: owner, fence or "" for any, channel, the command that publishes there.
-- Answers 1 if it was the owner's by that grant, else 0.
local held = redis.call("MGET", KEYS[1], KEYS[2])
-- A later grant would have left its fence. A lease without an end outlives its own.
if held[1] ~= ARGV[1] or (ARGV[2] ~= "" and held[2] and held[2] ~= ARGV[2]) then
  return 0
end
redis.call("DEL", KEYS[1])
-- Not every user may publish, and not every server knows how to within a slot; released it is all the same.
local heard = redis.pcall(ARGV[4], ARGV[3], "")
if type(heard) == "table" and ARGV[4] ~= "PUBLISH" then
  redis.pcall("PUBLISH", ARGV[3], "")
end
return 1
