-- Counts a member of a sliding window, where that does not exceed the limit: exactly up to a bound, then by an estimate.
--
-- KEYS[1]   all counters of an owner, a hash: a field for each counter of members says that there is one
-- KEYS[2]   members with the slice in which each was last met, a sorted set
-- KEYS[3..] one HyperLogLog for each slice of a window and the running one, in a ring; it ends when its slice leaves
-- ARGV[1]   field of the counter
-- ARGV[2]   length of a slice in milliseconds
-- ARGV[3]   limit
-- ARGV[4]   the member
-- ARGV[5]   members that are counted exactly
-- ARGV[6]   '1' to count, '0' only to look
-- Result    { members in the window, 1 where this one is not let through else 0, milliseconds until the oldest leaves,
--             1 where this one was a member before else 0 }
local field, slice_ms, limit = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local member, exact, counts = ARGV[4], tonumber(ARGV[5]), ARGV[6] == '1'
local ring = #KEYS - 2
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local running = math.floor(now / slice_ms)

local estimates = {}
for index = 3, #KEYS do estimates[#estimates + 1] = KEYS[index] end

local function estimate(slice, text)
  local key = estimates[slice % ring + 1]
  redis.call('PFADD', key, text)
  redis.call('PEXPIREAT', key, string.format('%.0f', (slice + ring) * slice_ms))
end

-- A key of another type counts nothing and would never count.
for index, expected in ipairs({ 'hash', 'zset' }) do
  local found = redis.call('TYPE', KEYS[index]).ok
  if found ~= 'none' and found ~= expected then redis.call('DEL', KEYS[index]) end
end

redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', string.format('(%.0f', running - ring + 1))
local is_estimate = limit > exact and redis.call('EXISTS', unpack(estimates)) > 0
local members, knows
if is_estimate then
  members, knows = redis.call('PFCOUNT', unpack(estimates)), false
else
  members, knows = redis.call('ZCARD', KEYS[2]), redis.call('ZSCORE', KEYS[2], member) ~= false
end

local is_over = members >= limit and not knows
if counts and not is_over then
  local lifetime = slice_ms * ring
  if is_estimate then
    estimate(running, member)
    members = redis.call('PFCOUNT', unpack(estimates))
  else
    redis.call('ZADD', KEYS[2], string.format('%.0f', running), member)
    redis.call('PEXPIRE', KEYS[2], lifetime)
    if not knows then members = members + 1 end
    if members > exact then
      local all = redis.call('ZRANGE', KEYS[2], 0, -1, 'WITHSCORES')
      for index = 1, #all, 2 do estimate(tonumber(all[index + 1]), all[index]) end
      redis.call('DEL', KEYS[2])
      is_estimate = true
      members = redis.call('PFCOUNT', unpack(estimates))
    end
  end
  redis.call('HSET', KEYS[1], field, 'members')
  if redis.call('PTTL', KEYS[1]) < lifetime then redis.call('PEXPIRE', KEYS[1], lifetime) end
end

local resets_in = 0
if is_estimate then
  for _, key in ipairs(estimates) do
    local left = redis.call('PTTL', key)
    if left > 0 and (resets_in == 0 or left < resets_in) then resets_in = left end
  end
else
  local oldest = redis.call('ZRANGE', KEYS[2], 0, 0, 'WITHSCORES')
  if oldest[2] then resets_in = (tonumber(oldest[2]) + ring) * slice_ms - now end
end
return { members, is_over and 1 or 0, resets_in, knows and 1 or 0 }
