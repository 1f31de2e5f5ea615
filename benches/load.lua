-- The requests that wrk sends. `load.py` writes what they need into a file of its own.
--
-- Arguments: that file, then scenarios with their weights: `userinfo=80 page=10`.

local by_name, weighted = {}, {}, {}
local json = { ["Content-Type"] = "application/x-www-form-urlencoded", ["Accept"] = "application/json" }

local function with(headers, name, value)
  local all = { [name] = value }
  for other, its_value in pairs(headers) do all[other] = its_value end
  return all
end

local scenarios = {
  userinfo = function(s) return wrk.format("GET", paths.userinfo, with(json, "Authorization", "Bearer " .. s.token)) end,
  api_read = function(s) return wrk.format("POST", paths.api_read, with(json, "Authorization", "Bearer " .. s.token)) end,
  refresh = function(s) return wrk.format("POST", paths.refresh, with(json, "Cookie", s.cookie)) end,
  sign_in = function(s) return wrk.format("POST", paths.sign_in, json, s.credentials) end,
  page = function(s) return wrk.format("GET", paths.page, { ["Accept"] = "text/html", ["Cookie"] = s.cookie }) end,
  sign_in_page = function() return wrk.format("GET", paths.sign_in_page, { ["Accept"] = "text/html" }) end,
  asset = function() return wrk.format("GET", paths.asset, { ["Accept-Encoding"] = "br" }) end,
  bare = function() return wrk.format("GET", paths.bare) end,
  bare_argon2 = function() return wrk.format("GET", paths.bare_argon2) end,
}

-- A refresh token names its session: the next request of that session sends the newest.
local function follow_cookie(_, headers)
  local cookie = headers["Set-Cookie"] or headers["set-cookie"]
  local value = cookie and cookie:match("^[^;]+")
  local session = value and by_name[value:match(session_in_cookie)]
  if session then
    session.cookie = value
    for _, name in ipairs({ "refresh", "page" }) do
      if session[name] then session[name] = scenarios[name](session) end
    end
  end
end

-- Reading responses costs the load tool time: only where it must. wrk asks for this before `init`.
if os.getenv("FOLLOW_COOKIES") then response = follow_cookie end

function init(args)
  dofile(args[1])
  for _, session in ipairs(sessions) do by_name[session.cookie:match(session_in_cookie)] = session end
  for i = 2, #args do
    local name, weight = args[i]:match("(.+)=(%d+)")
    for _ = 1, weight do table.insert(weighted, name) end
    -- Written once: the load tool shares the cores with the program.
    for _, session in ipairs(sessions) do session[name] = scenarios[name](session) end
  end
end

local sent = 0

function request()
  sent = sent + 1
  -- 37 has no factor in common with 100: the weights are spread evenly, and the same in every run.
  local scenario = weighted[sent * 37 % #weighted + 1]
  return sessions[sent % #sessions + 1][scenario]
end

function done(summary, latency)
  local errors = summary.errors
  io.stderr:write(string.format('{"requests": %d, "micros": %d, "p50": %d, "p99": %d, "errors": %d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.status + errors.connect + errors.read + errors.write + errors.timeout))
end
