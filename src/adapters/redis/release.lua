-- KEYS: the lock, its fence. ARGV: owner, fence or "" for any. Answers 1 if it was the owner's by that grant, else 0.
if redis.call("GET", KEYS[1]) ~= ARGV[1] then
  return 0
end
if ARGV[2] ~= "" and redis.call("GET", KEYS[2]) ~= ARGV[2] then
  return 0
end
return redis.call("DEL", KEYS[1])
