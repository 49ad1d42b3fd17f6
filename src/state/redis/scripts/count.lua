-- Asks several counters of sliding windows, one after the other; checking and counting is one step. What fails at one counter is
-- told of it alone. In between it is asked whether places are vacant: what is counted may depend on that, and on what looks find.
--
-- KEYS     of each question in turn, of a counter
--            all counters of its owner, a hash: a field holds "slice:hits,slice:hits,...", or says that there is one of members
--            where it counts members: these with the slice in which each was last met, a sorted set
--            where it counts more of them than exactly: one HyperLogLog for each slice of a window and the running one, in a ring
--          or of places: each of them, of any type, only looked at
-- ARGV[1]  slices that a window has besides the running one
-- ARGV[2]  members that are counted exactly
-- ARGV     then of each question in turn these, parted by spaces; '-' for what it has not
--            how many keys it has
--            'count', 'look', or 'undo' for a member that was counted before its outcome was known; 'vacant' of places
--            of a hit its turn; of looks and places the turns that depend on them, each as "turn:finding", parted by commas: the
--            turn is void where that is found. Of a look 'known' or 'unknown' the member, 'reached' the limit, or 'below'; of
--            places 'occupied'
--            'later' where it is not looked at when the turn has ended; 'if' or 'later-if' where it is not either unless places
--            of the turn were asked of in this step and nothing before has made the turn void
--            what ends the turn: 'over' that it is not let through, 'used-up' also that it was a member before and the limit is
--            reached
--            length of a slice in milliseconds
--            limit; of places how many milliseconds what is there may last in a place that is vacant all the same
--            how many bytes the field of the counter has, which comes next, and without a space after it the member
-- Result   of each question in turn { hits or members in the window, 1 where this one is not let through else 0, 1 where it was a
--          member before else 0 } or { what has failed, 0, 0 }; 1 where its turn has ended before it or is void; 0 of places
local ring, exact = tonumber(ARGV[1]) + 1, tonumber(ARGV[2])
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)

-- A key of another type counts nothing and would never count.
local function ask(command, key, ...)
  local answer = redis.pcall(command, key, ...)
  if type(answer) ~= 'table' or not answer.err then return answer end
  if not string.find(answer.err, 'WRONGTYPE', 1, true) then error(answer, 0) end
  redis.call('DEL', key)
  return redis.call(command, key, ...)
end

local function keep(key, lifetime)
  if redis.call('PTTL', key) < lifetime then redis.call('PEXPIRE', key, lifetime) end
end

local function of_hits(keys, action, field, slice_ms, limit)
  local running = math.floor(now / slice_ms)
  local hits, kept, in_running = 0, {}, 0
  for slice, number in string.gmatch(ask('HGET', keys[1], field) or '', '(%d+):(%d+)') do
    slice, number = tonumber(slice), tonumber(number)
    -- A slice to come was counted by a server whose clock goes before this one's; one far away by a clock that was wrong.
    if slice > running - ring and slice < running + ring then
      hits = hits + number
      if slice == running then in_running = number else kept[#kept + 1] = slice .. ':' .. number end
    end
  end

  local is_over = hits >= limit
  if action == 'count' and not is_over then
    hits = hits + 1
    kept[#kept + 1] = string.format('%.0f:%d', running, in_running + 1)
    redis.call('HSET', keys[1], field, table.concat(kept, ','))
    keep(keys[1], slice_ms * ring)
  end
  return hits, is_over, false
end

local function of_members(keys, action, field, slice_ms, limit, member)
  if action == 'undo' then
    ask('ZREM', keys[2], member)
    return 0, false, false
  end
  local running = math.floor(now / slice_ms)
  ask('ZREMRANGEBYSCORE', keys[2], '-inf', string.format('(%.0f', running - ring + 1))

  local estimates = { unpack(keys, 3) }
  local function estimate(slice, text)
    local key = estimates[slice % ring + 1]
    redis.call('PFADD', key, text)
    redis.call('PEXPIREAT', key, string.format('%.0f', (slice + ring) * slice_ms))
  end
  local is_estimate = #estimates > 0 and redis.call('EXISTS', unpack(estimates)) > 0
  local members, knows, met_in = nil, false, nil
  if is_estimate then
    members = redis.call('PFCOUNT', unpack(estimates))
  else
    members, met_in = redis.call('ZCARD', keys[2]), redis.call('ZSCORE', keys[2], member)
    knows = met_in ~= false
  end

  local is_over = members >= limit and not knows
  if action == 'look' or is_over then return members, is_over, knows end
  -- Nothing would change.
  if knows and tonumber(met_in) == running then return members, false, true end

  local lifetime = slice_ms * ring
  if is_estimate then
    estimate(running, member)
    members = redis.call('PFCOUNT', unpack(estimates))
  else
    redis.call('ZADD', keys[2], string.format('%.0f', running), member)
    redis.call('PEXPIRE', keys[2], lifetime)
    if not knows then members = members + 1 end
    if members > exact then
      local all = redis.call('ZRANGE', keys[2], 0, -1, 'WITHSCORES')
      for index = 1, #all, 2 do estimate(tonumber(all[index + 1]), all[index]) end
      redis.call('DEL', keys[2])
      members = redis.call('PFCOUNT', unpack(estimates))
    end
  end
  ask('HSET', keys[1], field, 'members')
  keep(keys[1], lifetime)
  return members, false, knows
end

local open, void, ended = {}, {}, {}

local function are_vacant(keys, rest)
  if #keys == 0 then return true end
  if rest == 0 then return redis.call('EXISTS', unpack(keys)) == 0 end
  for _, key in ipairs(keys) do
    local left = redis.call('PTTL', key)
    if left == -1 or left > rest then return false end
  end
  return true
end

-- What turns depend on: each is void by what was found. What could not be found out makes all of them void.
local function judge(conditions, found)
  for turn, finding in string.gmatch(conditions, '(%d+):(%l+)') do
    if not found or found[finding] then void[turn] = true end
  end
end

local function ask_places(keys, turns, rest)
  for turn in string.gmatch(turns, '(%d+):') do open[turn] = true end
  local is_done, is_vacant = pcall(are_vacant, keys, rest)
  if not is_done or not is_vacant then judge(turns) end
end

local function ask_counter(keys, action, turn, ends_when, slice_ms, limit, field, member)
  local count = #keys == 1 and of_hits or of_members
  local is_done, found, is_over, knows = pcall(count, keys, action, field, slice_ms, limit, member)
  if not is_done then
    if action == 'look' then judge(turn) end
    return { type(found) == 'table' and found.err or tostring(found), 0, 0 }
  end
  if action == 'look' then
    if turn ~= '-' then
      judge(turn, { known = knows, unknown = not knows, reached = found >= limit, below = found < limit })
    end
  elseif is_over and ends_when ~= '-' or ends_when == 'used-up' and knows and found >= limit then
    ended[turn] = true
  end
  return { found, is_over and 1 or 0, knows and 1 or 0 }
end

local function is_skipped(turn, when)
  if when == '-' then return false end
  if when ~= 'later' and (void[turn] or not open[turn]) then return true end
  return when ~= 'if' and ended[turn]
end

local QUESTION = '^(%d+) (%l+) (%S+) (%S+) (%S+) (%d+) (%d+) (%d+) ()'
local results, next_key = {}, 1
for index = 3, #ARGV do
  local text = ARGV[index]
  local count, action, turn, when, ends_when, slice_ms, limit, length, start = string.match(text, QUESTION)
  local first_key = next_key
  next_key = next_key + count
  if action == 'vacant' then
    ask_places({ unpack(KEYS, first_key, next_key - 1) }, turn, tonumber(limit))
    results[#results + 1] = 0
  elseif is_skipped(turn, when) then
    results[#results + 1] = 1
  else
    local rest = start + length
    results[#results + 1] = ask_counter({ unpack(KEYS, first_key, next_key - 1) }, action, turn, ends_when,
      tonumber(slice_ms), tonumber(limit), string.sub(text, start, rest - 1), string.sub(text, rest))
  end
end
return results
