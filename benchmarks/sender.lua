-- wrk's part of benchmarks.http.load: sends the requests of a file in order, and from the beginning again.
-- The file has each request behind its length, eight digits.
local requests, sent = {}, 0

function init(args)
  local file = assert(io.open(args[1], "rb"))
  local text = file:read("*a")
  file:close()
  local place = 1
  while place <= #text do
    local length = tonumber(text:sub(place, place + 7))
    requests[#requests + 1] = text:sub(place + 8, place + 7 + length)
    place = place + 8 + length
  end
end

function request()
  sent = sent + 1
  if sent > #requests then sent = 1 end
  return requests[sent]
end

function done(summary)
  local errors = summary.errors
  local bad = errors.status + errors.read + errors.write + errors.timeout + errors.connect
  print(string.format("answers bad microseconds: %d %d %d", summary.requests, bad, summary.duration))
end
