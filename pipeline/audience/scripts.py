"""What Redis does by itself, so that its clock is the only one and no peak falls between two calls.

Keys of a stream, in this order: a sorted set per kind (viewer → when it is gone, in ms of Redis's
clock), then its peak. Every key ends by itself.
"""

#: One kind's news. ARGV: which set, how long they stay in ms, whether they are there, viewers.
TELL = """
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local set = KEYS[tonumber(ARGV[1])]
for i = 4, #ARGV do
  if ARGV[3] == '1' then redis.call('ZADD', set, now + ARGV[2], ARGV[i])
  else redis.call('ZREM', set, ARGV[i]) end
end
if ARGV[3] == '1' then redis.call('PEXPIRE', set, ARGV[2]) end
local n = 0
for i = 1, #KEYS - 1 do
  redis.call('ZREMRANGEBYSCORE', KEYS[i], '-inf', now)
  n = n + redis.call('ZCARD', KEYS[i])
end
if n > tonumber(redis.call('GET', KEYS[#KEYS]) or '0') then
  redis.call('SET', KEYS[#KEYS], n, 'EX', 3600)
end
"""

#: One stream's numbers: of each kind, then the peak. ARGV: whether the peak begins anew.
COUNT = """
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local found, n = {}, 0
for i = 1, #KEYS - 1 do
  found[i] = redis.call('ZCOUNT', KEYS[i], '(' .. now, '+inf')
  n = n + found[i]
end
local peak = tonumber(redis.call('GET', KEYS[#KEYS]) or '0')
found[#KEYS] = math.max(peak, n)
if ARGV[1] == '1' and peak > 0 then redis.call('SET', KEYS[#KEYS], n, 'EX', 3600) end
return found
"""
