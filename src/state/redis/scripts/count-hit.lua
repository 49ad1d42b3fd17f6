-- Counts one hit of a sliding window, where that does not exceed the limit. Checking and counting is one step.
--
-- KEYS[1]  all counters of an owner, a hash: the field of a counter holds "slice:hits,slice:hits,..."
-- ARGV[1]  field of the counter
-- ARGV[2]  length of a slice in milliseconds
-- ARGV[3]  slices that a window has besides the running one
-- ARGV[4]  limit
-- ARGV[5]  '1' to count, '0' only to look
-- Result   { hits in the window, 1 where the limit was reached before else 0, milliseconds until the oldest slice leaves }
local field, slice_ms, slices = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local limit, counts = tonumber(ARGV[4]), ARGV[5] == '1'
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local running = math.floor(now / slice_ms)

local packed = redis.pcall('HGET', KEYS[1], field)
if type(packed) == 'table' and packed.err then
  -- A key of another type counts nothing and would never count.
  if counts then redis.call('DEL', KEYS[1]) end
  packed = false
end

local hits, oldest, kept, in_running = 0, nil, {}, 0
for slice, number in string.gmatch(packed or '', '(%d+):(%d+)') do
  slice, number = tonumber(slice), tonumber(number)
  -- A slice to come was counted by a server whose clock goes before this one's; one far away by a clock that was wrong.
  if slice >= running - slices and slice <= running + slices then
    hits = hits + number
    if oldest == nil or slice < oldest then oldest = slice end
    if slice == running then in_running = number else kept[#kept + 1] = slice .. ':' .. number end
  end
end

local is_over = hits >= limit
if counts and not is_over then
  hits = hits + 1
  oldest = oldest or running
  kept[#kept + 1] = string.format('%.0f:%d', running, in_running + 1)
  redis.call('HSET', KEYS[1], field, table.concat(kept, ','))
  local lifetime = slice_ms * (slices + 1)
  if redis.call('PTTL', KEYS[1]) < lifetime then redis.call('PEXPIRE', KEYS[1], lifetime) end
end

local resets_in = 0
if oldest then resets_in = (oldest + slices + 1) * slice_ms - now end
return { hits, is_over and 1 or 0, resets_in }
