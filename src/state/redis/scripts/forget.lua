#!lua flags=allow-oom
-- Marks that what was asked before now is void. The mark holds the server's own clock, so that no other clock matters.
-- It is small and keeps old passwords out: it is written also where memory is used up.
--
-- KEYS[1]  the mark, a string
-- ARGV[1]  lifetime of the mark in milliseconds: longer than anything that it makes void
-- ARGV[2]  milliseconds by which clocks of other servers may differ; 0 where there is one server
-- Result   the time in the mark, milliseconds since 1970
local clock = redis.call('TIME')
local void_until = clock[1] * 1000 + math.floor(clock[2] / 1000) + tonumber(ARGV[2])
-- A key of another type is no mark; it is replaced.
local before = redis.pcall('GET', KEYS[1])
if type(before) == 'string' and (tonumber(before) or 0) > void_until then
  void_until = tonumber(before)
end
redis.call('SET', KEYS[1], string.format('%.0f', void_until), 'PX', ARGV[1])
return void_until
