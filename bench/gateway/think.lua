-- load.lua's requests from connections that think: each waits for 0 to 2 * THINK whole milliseconds, drawn evenly, after
-- an answer before it asks again. wrk has no fixed rate; this one comes to connections / (THINK ms + an answer's time),
-- and a slow answer holds up no connection but its own.
dofile("load.lua")

local load, think = init, 0

function init(args)
  think = tonumber(args[2])
  load(args)
end

function delay()
  return math.random(0, 2 * think)
end
