#!lua flags=allow-oom
-- Puts a block in force, also where memory is used up, and drops from the lists of its part what has ended.
--
-- KEYS[1]  the block, a string
-- KEYS[2]  names of the blocks of this part, a sorted set in the order of the names
-- KEYS[3]  the same in the order in which they end
-- ARGV[1]  name of the block
-- ARGV[2]  when it ends, milliseconds since 1970
-- ARGV[3]  the block as JSON
-- Result   1 where it is in force, 0 where it has ended already
local name, ends = ARGV[1], tonumber(ARGV[2])
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)

-- A key of another type is no list; it is replaced.
for index = 2, 3 do
  local found = redis.call('TYPE', KEYS[index]).ok
  if found ~= 'none' and found ~= 'zset' then redis.call('DEL', KEYS[index]) end
end

for _, ended in ipairs(redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', string.format('%.0f', now), 'LIMIT', 0, 100)) do
  redis.call('ZREM', KEYS[2], ended)
  redis.call('ZREM', KEYS[3], ended)
end
if ends <= now then
  redis.call('DEL', KEYS[1])
  return 0
end

redis.call('SET', KEYS[1], ARGV[3], 'PXAT', ARGV[2])
redis.call('ZADD', KEYS[2], 0, name)
redis.call('ZADD', KEYS[3], ARGV[2], name)
for index = 2, 3 do
  if redis.call('PTTL', KEYS[index]) < ends - now then redis.call('PEXPIREAT', KEYS[index], ARGV[2]) end
end
return 1
