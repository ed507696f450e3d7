-- KEYS: the lock. ARGV: channel, the command that publishes there. Answers 1 if anybody held it, else 0.
if redis.call("DEL", KEYS[1]) == 0 then
  return 0
end
-- As in release.lua.
local heard = redis.pcall(ARGV[2], ARGV[1], "")
if type(heard) == "table" and ARGV[2] ~= "PUBLISH" then
  redis.pcall("PUBLISH", ARGV[1], "")
end
return 1
