-- Ends a block.
--
-- KEYS[1]  the block, a string
-- KEYS[2]  names of the blocks of this part, a sorted set in the order of the names
-- KEYS[3]  the same in the order in which they end
-- ARGV[1]  name of the block
-- Result   how many blocks were ended: 0 or 1
for index = 2, 3 do
  if redis.call('TYPE', KEYS[index]).ok == 'zset' then redis.call('ZREM', KEYS[index], ARGV[1]) end
end
return redis.call('DEL', KEYS[1])
