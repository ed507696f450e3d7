-- Answers requests in the order they were asked; what one is refused for does not concern the others.
--
-- KEYS: for each request its lock, and the fence of that.
-- ARGV: the command that publishes; then for each request its verb and three arguments, "" where there are less:
--
--   acquire        owner, ttl in milliseconds or "" for no end, milliseconds to keep the fence
--   release        owner, fence or "" for any, channel
--   force release  channel
--   refresh        owner, fence or "" for any, ttl in milliseconds
--   state
--
-- Answers, for each, the error of a command or
--
--   acquire        the fence; if the lock is held, -1 less the milliseconds until it expires, 0 for no end: fences are
--                  far above 0
--   release        1 if it was the owner's by that grant, else 0
--   force release  1 if anybody held it, else 0
--   refresh        1 (refreshed), 0 (not the owner's by that grant) or -1 (has no end)
--   state          owner, milliseconds until it expires, fence; or nothing if nobody holds it

-- It raises nothing: an error is a table with "err" in it.
local call = redis.pcall
local keys, arguments = KEYS, ARGV
local publish = arguments[1]
local now, now_in_digits

local function answer(lock, fence_key, verb, first, second, third)
  if verb == "acquire" then
    local owner, ttl, retention = first, second, third
    if not now then
      local time = call("TIME")
      if time.err then
        return time
      end
      now = time[1] * 1000000 + time[2]
      now_in_digits = string.format("%.0f", now)
    end
    local granted
    if ttl == "" then
      granted = call("SET", lock, owner, "NX")
    else
      -- A lease of no time is over in the same instant, but the server sets none.
      granted = call("SET", lock, owner, "NX", "PX", ttl == "0" and "1" or ttl)
    end
    if not granted then
      local remaining = call("PTTL", lock)
      return type(remaining) == "number" and -1 - remaining or remaining
    elseif granted.err then
      return granted
    end
    local fence = now
    local last = call("SET", fence_key, now_in_digits, "PX", retention, "GET")
    local number = type(last) == "string" and tonumber(last)
    if number and number >= now then
      fence = number + 1
      last = call("SET", fence_key, string.format("%.0f", fence), "PX", retention)
    end
    if type(last) == "table" and last.err then
      -- Without a fence there is no grant.
      call("DEL", lock)
      return last
    end
    if ttl == "0" then
      call("DEL", lock)
    end
    return fence
  end

  if verb == "state" then
    local owner = call("GET", lock)
    return type(owner) == "string" and { owner, call("PTTL", lock), call("GET", fence_key) or "0" } or owner
  end

  local channel = first
  if verb ~= "force release" then
    local owner, fence = first, second
    local held = call("MGET", lock, fence_key)
    if held.err then
      return held
    end
    -- A later grant would have left its fence. A lease without an end outlives its own.
    if held[1] ~= owner or (fence ~= "" and held[2] and held[2] ~= fence) then
      return 0
    end
    if verb == "refresh" then
      local remaining = call("PTTL", lock)
      return remaining == -1 and -1 or call("PEXPIRE", lock, third)
    end
    channel = third
  end
  local removed = call("DEL", lock)
  if removed == 1 then
    local heard = call(publish, channel, "")
    -- Not every user may publish, and not every server knows how to within a slot; released it is all the same.
    if type(heard) == "table" and publish ~= "PUBLISH" then
      call("PUBLISH", channel, "")
    end
  end
  return removed
end

local answers = {}
for request = 1, #keys / 2 do
  local at = 4 * request - 2
  answers[request] = answer(
    keys[2 * request - 1],
    keys[2 * request],
    arguments[at],
    arguments[at + 1],
    arguments[at + 2],
    arguments[at + 3]
  )
end
return answers
