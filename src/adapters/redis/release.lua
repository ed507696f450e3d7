-- KEYS: the lock. ARGV: owner. Answers 1 if it was the owner's, else 0.
if redis.call("GET", KEYS[1]) == ARGV[1] then
  return redis.call("DEL", KEYS[1])
end
return 0
