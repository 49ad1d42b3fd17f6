-- The server's clock, with the mark that makes everything void which was asked before it.
--
-- KEYS[1]  the mark for everything, a string
-- Result   { milliseconds since 1970, the time in the mark or 0 }
local clock = redis.call('TIME')
local mark = redis.pcall('GET', KEYS[1])
local void_until = 0
if type(mark) == 'string' then
  void_until = tonumber(mark) or 0
end
return { clock[1] * 1000 + math.floor(clock[2] / 1000), void_until }
