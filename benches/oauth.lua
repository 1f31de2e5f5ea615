-- The requests of an app that signs people in. `oauth.py` writes what they need into a file of its own.
--
-- Arguments: that file, and the scenario.

local form = { ["Content-Type"] = "application/x-www-form-urlencoded", ["Accept"] = "application/json" }

local function post(path, fields) return wrk.format("POST", path, form, credentials .. fields) end

-- A code or a refresh token is taken by one request alone. What comes back is a code, or the next refresh token.
local waiting, codes = {}, nil
local function take() return table.remove(waiting) end

local sent = 0
local function each(write)
  return function()
    sent = sent + 1
    return write(sessions[sent % #sessions + 1])
  end
end

local scenarios = {
  authorize = each(function(s) return wrk.format("GET", paths.authorize, { ["Accept"] = "text/html", ["Cookie"] = s.cookie }) end),
  introspect = each(function(s) return post(paths.introspect, "&token=" .. s.access_token) end),
  userinfo = each(function(s) return wrk.format("GET", paths.userinfo, { ["Authorization"] = "Bearer " .. s.access_token }) end),
  refresh = function() return post(paths.token, "&grant_type=refresh_token&refresh_token=" .. take()) end,
  token = function()
    local code = take()
    if code then return post(paths.token, redeeming .. "&code=" .. code) end
    -- There are no more. Those on the other connections are still answered.
    wrk.thread:stop()
    return wrk.format("GET", paths.discovery)
  end,
}

local function keep_code(_, headers)
  local location = headers["Location"] or headers["location"] or ""
  local code = location:match("[?&]code=([^&]+)")
  if code then codes:write(code, "\n") end
end

local function keep_token(_, _, body)
  local token = body:match('"refresh_token":"([^"]+)"')
  if token then table.insert(waiting, 1, token) end
end

-- Reading responses costs the load tool time: only where it must. wrk asks for this before `init`.
local scenario = os.getenv("SCENARIO")
if scenario == "authorize" then response = keep_code end
if scenario == "refresh" then response = keep_token end

function init(args)
  dofile(args[1])
  if scenario == "authorize" then codes = io.open(codes_file, "w") end
  if scenario == "token" then for code in io.lines(codes_file) do table.insert(waiting, code) end end
  if scenario == "refresh" then for _, session in ipairs(sessions) do table.insert(waiting, session.refresh_token) end end
end

function request() return scenarios[scenario]() end

function done(summary, latency)
  local errors = summary.errors
  io.stderr:write(string.format('{"requests": %d, "micros": %d, "p50": %d, "p99": %d, "errors": %d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.status + errors.connect + errors.read + errors.write + errors.timeout))
end
