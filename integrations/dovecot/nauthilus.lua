-- Lets Dovecot ask Nauthilus about every login, lookup and account list.
--
--   passdb { driver = lua  args = file=/etc/dovecot/nauthilus.lua blocking=yes }
--   userdb { driver = prefetch }
--   userdb { driver = lua  args = file=/etc/dovecot/nauthilus.lua blocking=yes }
--
-- Whatever is not a clear yes or no of the service is a temporary failure: never "wrong password", never a login.
-- What to set stands in nauthilus-settings.lua; how it all works, in docs/guides/dovecot.md.

local json = require('cjson')

-- Account attributes and the fields they become. An attribute that is not named here becomes nothing.
--   userdb   field of the userdb, delivered by a login too so that the prefetch userdb needs no second request
--   passdb   field of the passdb alone
--   before   text in front of the value
--   several  what is made of more than one value: 'number' (quota_rule, quota_rule2 ...) or 'join' (with commas); else the first counts
--   with     more passdb fields, set where this one is
--   unless   name of an attribute that switches this one off by not being empty
--   proxies  true where the field sends the login on to another server: not done for master users, who have no password there
-- Where two attributes lead to one field, the one whose name sorts first counts.
local FIELDS = {
  rnsMSQuota = { userdb = 'quota_rule', before = '*:bytes=' },
  rnsMSOverQuota = { userdb = 'quota_over_flag' },
  rnsMSMailPath = { userdb = 'mail' },
  ['ACL-Groups'] = { userdb = 'acl_groups', several = 'join' },
  ['Proxy-Host'] = { passdb = 'host', with = { proxy_maybe = 'y' }, unless = 'rnsMSDovecotMaster', proxies = true },
  quota_rule = { userdb = 'quota_rule', several = 'number' },
  acl_groups = { userdb = 'acl_groups', several = 'join' },
  home = { userdb = 'home' },
  mail = { userdb = 'mail' },
  uid = { userdb = 'uid' },
  gid = { userdb = 'gid' },
}

-- Dovecot's auth process drops the whole answer of its worker above 8 KiB.
local MAX_FIELD_BYTES = 7168

-- Everything that differs between versions of Dovecot.
local dovecot_23 = {
  client_options = function(timeout)
    return {
      user_agent = 'Dovecot/2.3',
      connect_timeout_msecs = math.min(timeout, 5000),
      request_timeout_msecs = timeout,
      request_absolute_timeout_msecs = timeout,
      -- The second is for a kept connection that the service closed in the very moment it was used again.
      max_attempts = 2,
      max_idle_time_msecs = 30000,
      -- A redirect would carry the credential and the password to another place.
      no_auto_redirect = true,
    }
  end,
  protocol = function(request) return request.service end,
  mechanism = function(request) return request.mech end,
}
local version = dovecot_23

local result = dovecot.auth

-- What Dovecot can want. Only a login holds a password; a wish without 'takes_password' must never stand in for one.
local WISHES = {
  login = { step = 'login', query = '', is_passdb = true, takes_password = true, may_proxy = true },
  master_login = { step = 'master login', query = '?mode=no-auth', is_passdb = true },
  passdb_lookup = { step = 'passdb lookup', query = '?mode=no-auth', is_passdb = true, may_proxy = true },
  userdb_lookup = { step = 'lookup', query = '?mode=no-auth' },
}

local function is_blank(text)
  return type(text) ~= 'string' or text == ''
end

-- Text that may stand in a header, in the log and in JSON beside anything else: printable ASCII of a bounded length.
local function plain(text, limit)
  return (text:sub(1, limit):gsub('[^\32-\126]', '?'))
end

local function parse_json(text)
  local is_json, value = pcall(json.decode, text)
  if is_json then return value end
  return nil
end

local ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

local function encode_base64(text)
  local encoded = text:gsub('..?.?', function(bytes)
    local a, b, c = bytes:byte(1, 3)
    local bits = a * 65536 + (b or 0) * 256 + (c or 0)
    local out = ''
    for place = 3, 0, -1 do
      local digit = math.floor(bits / 64 ^ place) % 64
      out = out .. ALPHABET:sub(digit + 1, digit + 1)
    end
    return out:sub(1, #bytes + 1) .. ('='):rep(3 - #bytes)
  end)
  return encoded
end

local function load_settings()
  local source = debug.getinfo(1, 'S').source
  local file = (source:match('^@?(.*/)') or './') .. 'nauthilus-settings.lua'
  local chunk, problem = loadfile(file)
  if not chunk then error('nauthilus: the settings cannot be read: ' .. problem, 0) end
  local settings = chunk()
  if type(settings) ~= 'table' then error('nauthilus: ' .. file .. ' must return a table', 0) end
  for _, name in ipairs({ 'url', 'secret_file' }) do
    if is_blank(settings[name]) then error(('nauthilus: %s: %s must be set'):format(file, name), 0) end
  end
  for name, field in pairs(settings.fields or {}) do
    FIELDS[name] = field or nil
  end
  settings.timeout = settings.timeout or 10000
  settings.list_timeout = settings.list_timeout or 50000
  return settings
end

local settings = load_settings()

local field_names = {}
for name in pairs(FIELDS) do
  field_names[#field_names + 1] = name
end
table.sort(field_names)

local authorization

-- "name:password" or the base64 of it, which may be wrapped; line ends and spaces around either count for nothing.
local function read_credential()
  local file, problem = io.open(settings.secret_file, 'rb')
  if not file then return nil, problem end
  local text = (file:read('*a') or ''):match('^%s*(.-)%s*$')
  file:close()
  if text:find('[%z\1-\8\14-\31\127]') then return nil, settings.secret_file .. ' holds control characters' end
  if text:find(':', 1, true) and not text:find('[\r\n]') then return encode_base64(text) end
  local joined = text:gsub('%s', '')
  if joined ~= '' and #joined % 4 == 0 and joined:find('^[%w+/]+=?=?$') then return joined end
  return nil, settings.secret_file .. ' holds neither one line "name:password" nor base64 of it'
end

-- Read when it is first needed, and again where the service refuses it.
local function credential()
  if authorization then return authorization end
  local encoded, problem = read_credential()
  if encoded then authorization = 'Basic ' .. encoded end
  return authorization, problem
end

local client = dovecot.http.client(version.client_options(settings.timeout))
local list_client = dovecot.http.client(version.client_options(settings.list_timeout))

local function submit(question, value)
  local http = (question.client or client):request({ url = settings.url .. question.query, method = question.method })
  http:add_header('Authorization', value)
  http:add_header('Accept', 'application/json')
  if question.dovecot_session then http:add_header('X-Dovecot-Session', question.dovecot_session) end
  if question.body then
    http:add_header('Content-Type', 'application/json')
    http:set_payload(question.body)
  end
  local response = http:submit()
  return {
    status = response:status(),
    reason = response:reason() or '',
    auth_status = response:header('Auth-Status') or '',
    account = response:header('Auth-User') or '',
    session = response:header('X-Nauthilus-Session') or '',
    body = response:payload() or '',
  }
end

-- Sends one request, once more where the credential was changed meanwhile. Gives the answer, or nil and what stands in
-- the way.
local function send(question)
  local used, problem = credential()
  if not used then return nil, 'no credential: ' .. problem end
  local answer = submit(question, used)
  if answer.status ~= 401 then return answer end
  authorization = nil
  local current = credential()
  if current and current ~= used then return submit(question, current) end
  return answer
end

-- Dovecot's HTTP client has statuses of its own for what never became an answer: refused, timed out, wrong certificate.
local function failure_of(answer)
  local reason = plain(answer.reason, 300)
  if answer.status >= 9000 then return ('no answer from %s (%d %s)'):format(settings.url, answer.status, reason) end
  if answer.status == 401 then return ('the service does not know the credential in %s'):format(settings.secret_file) end
  return ('status %d %s'):format(answer.status, reason)
end

-- What is unknown is left out, so that the service never takes a made-up address for a real one.
local function describe(request, wish, password)
  if wish.takes_password and type(password) ~= 'string' then error('a login without a password', 0) end
  local secured = request.secured
  local is_secured = secured == 'TLS' or secured == 'secured'
  local fields = {
    username = request.user,
    password = wish.takes_password and password or nil,
    client_ip = request.remote_ip,
    client_port = request.remote_port,
    local_ip = request.local_ip,
    local_port = request.local_port,
    protocol = version.protocol(request),
    method = (version.mechanism(request) or ''):lower(),
    ssl = is_secured and '1' or nil,
    ssl_protocol = is_secured and secured or nil,
    ssl_client_verify = is_secured and request.cert == 'valid' and '1' or nil,
    client_id = plain(request.client_id or '', 1000),
  }
  for name, value in pairs(fields) do
    local is_unknown_port = value == '0' and name:find('_port$')
    if name ~= 'password' and (is_blank(value) or is_unknown_port) then fields[name] = nil end
  end
  return fields
end

local function who(request, answer)
  local session = answer and answer.session or ''
  return ('user=<%s> rip=%s session=<%s> nauthilus_session=<%s>'):format(
    plain(request.user or '', 255),
    request.remote_ip or '-',
    plain(request.session or '', 255),
    plain(session, 64)
  )
end

-- Values of one attribute as a list of texts, or nil and what is wrong. null, absent and empty mean none.
local function values_of(value)
  if value == nil or value == json.null then return {} end
  local list = type(value) == 'table' and value or { value }
  local texts = {}
  for index = 1, #list do
    local item = list[index]
    if type(item) == 'number' then item = ('%.14g'):format(item) end
    if item ~= json.null and item ~= '' then
      if type(item) ~= 'string' then return nil, 'holds a ' .. type(item) end
      if item:find('%c') then return nil, 'holds a control character' end
      texts[#texts + 1] = item
    end
  end
  if #list == 0 and next(list) ~= nil then return nil, 'is an object' end
  return texts
end

local function put(fields, name, value)
  if fields[name] == nil then fields[name] = value end
end

local function put_values(fields, name, values, field)
  local before = field.before or ''
  if field.several == 'join' then return put(fields, name, before .. table.concat(values, ',')) end
  put(fields, name, before .. values[1])
  if field.several ~= 'number' then return end
  for index = 2, #values do
    put(fields, name .. index, before .. values[index])
  end
end

-- Puts the fields that one attribute leads to; gives what is wrong where it cannot be understood.
local function put_attribute(fields, name, attributes, wish)
  local field = FIELDS[name]
  local values, problem = values_of(attributes[name])
  if not values then return ('attribute %s %s'):format(name, problem) end
  if #values == 0 then return end
  if field.userdb then return put_values(fields, (wish.is_passdb and 'userdb_' or '') .. field.userdb, values, field) end
  if not wish.is_passdb or (field.proxies and not wish.may_proxy) then return end
  if field.unless and #(values_of(attributes[field.unless]) or {}) > 0 then return end
  put_values(fields, field.passdb, values, field)
  for extra, value in pairs(field.with or {}) do
    put(fields, extra, value)
  end
end

local function size_of(fields)
  local bytes = 0
  for name, value in pairs(fields) do
    bytes = bytes + #name + #value + 2
  end
  return bytes
end

-- The fields of an accepted answer; nil and what is wrong where it cannot be used. A quota or a mail path that was left
-- out would be a wrong one, so that one attribute which cannot be understood spoils the answer.
local function read_accepted(answer, wish)
  local body = parse_json(answer.body)
  if type(body) ~= 'table' or body.ok ~= true then return nil, 'status 200 without a body that says "ok": true' end
  local attributes = body.attributes
  if attributes == nil or attributes == json.null then attributes = {} end
  if type(attributes) ~= 'table' then return nil, 'attributes are no object' end
  local fields = {}
  for _, name in ipairs(field_names) do
    local problem = put_attribute(fields, name, attributes, wish)
    if problem then return nil, problem end
  end
  if answer.account:find('%c') then return nil, 'the account name holds a control character' end
  if answer.account ~= '' then fields.user = answer.account end
  -- A userdb field that is always there: without any, the prefetch userdb would not take the answer.
  if wish.is_passdb then fields.userdb_nauthilus_session = plain(answer.session, 64) end
  local bytes = size_of(fields)
  if bytes <= MAX_FIELD_BYTES then return fields end
  return nil, ('fields of %d bytes are more than the %d that Dovecot can take'):format(bytes, MAX_FIELD_BYTES)
end

local DISABLED = 'Account not enabled'

-- Asks about one login or account. Gives 'accepted' with fields, 'disabled' or 'refused', and logs it; or 'unknown-now'
-- with an error text, which Dovecot logs.
local function ask_unsafely(request, wish, password)
  local dovecot_session
  if not is_blank(request.session) then dovecot_session = plain(request.session, 255) end
  local answer, problem = send({
    method = 'POST',
    query = wish.query,
    body = json.encode(describe(request, wish, password)),
    dovecot_session = dovecot_session,
  })
  if answer and answer.status == 200 then
    local fields
    fields, problem = read_accepted(answer, wish)
    if fields then
      dovecot.i_info(('nauthilus: %s accepted: %s'):format(wish.step, who(request, answer)))
      return 'accepted', fields
    end
  elseif answer and answer.status == 403 then
    local text = plain(answer.auth_status, 100)
    dovecot.i_info(('nauthilus: %s refused (%s): %s'):format(wish.step, text, who(request, answer)))
    return answer.auth_status == DISABLED and 'disabled' or 'refused'
  elseif answer then
    problem = failure_of(answer)
  end
  return 'unknown-now', ('nauthilus: %s not decided, %s: %s'):format(wish.step, problem, who(request, answer))
end

-- As above; an error of the script itself is a temporary failure as well.
local function ask(request, wish, password)
  local is_done, outcome, told = pcall(ask_unsafely, request, wish, password)
  if is_done then return outcome, told or '' end
  return 'unknown-now', ('nauthilus: %s not decided, %s: %s'):format(wish.step, tostring(outcome), who(request))
end

local PASSDB_RESULTS = {
  accepted = result.PASSDB_RESULT_OK,
  disabled = result.PASSDB_RESULT_USER_DISABLED,
  refused = result.PASSDB_RESULT_PASSWORD_MISMATCH,
  ['unknown-now'] = result.PASSDB_RESULT_INTERNAL_FAILURE,
}

-- Without a password nothing can mismatch: who is refused here does not exist.
local PASSDB_LOOKUP_RESULTS = {
  accepted = result.PASSDB_RESULT_OK,
  disabled = result.PASSDB_RESULT_USER_DISABLED,
  refused = result.PASSDB_RESULT_USER_UNKNOWN,
  ['unknown-now'] = result.PASSDB_RESULT_INTERNAL_FAILURE,
}

local USERDB_RESULTS = {
  accepted = result.USERDB_RESULT_OK,
  disabled = result.USERDB_RESULT_USER_UNKNOWN,
  refused = result.USERDB_RESULT_USER_UNKNOWN,
  ['unknown-now'] = result.USERDB_RESULT_INTERNAL_FAILURE,
}

-- A login is a master login only where Dovecot itself says so: it proved the master's password with its own master passdb
-- and named the master. A login name that differs from what the client typed says nothing: Dovecot rewrites names.
local function is_proven_master_login(request)
  return not is_blank(request.master_user) and request.skip_password_check == true
end

function auth_password_verify(request, password)
  if is_proven_master_login(request) then
    local outcome, told = ask(request, WISHES.master_login)
    return PASSDB_LOOKUP_RESULTS[outcome], told
  end
  local outcome, told = ask(request, WISHES.login, password)
  return PASSDB_RESULTS[outcome], told
end

-- Asked by LMTP and doveadm proxies and "doveadm auth lookup". Mechanisms that need the stored password cannot work.
function auth_passdb_lookup(request)
  if not is_blank(version.mechanism(request)) then return result.PASSDB_RESULT_SCHEME_NOT_AVAILABLE, '' end
  local outcome, told = ask(request, WISHES.passdb_lookup)
  if outcome == 'accepted' then told.nopassword = 'y' end
  return PASSDB_LOOKUP_RESULTS[outcome], told
end

function auth_userdb_lookup(request)
  local outcome, told = ask(request, WISHES.userdb_lookup)
  return USERDB_RESULTS[outcome], told
end

-- An error() here is what makes "doveadm user '*'" fail. An empty list would tell clean-up jobs that nobody is left.
function auth_userdb_iterate()
  local answer, problem = send({ client = list_client, method = 'GET', query = '?mode=list-accounts' })
  if not answer then error('nauthilus: accounts cannot be listed, ' .. problem, 0) end
  local where = (' (nauthilus_session=<%s>)'):format(plain(answer.session, 64))
  if answer.status ~= 200 then
    error(('nauthilus: accounts cannot be listed, %s%s'):format(failure_of(answer), where), 0)
  end
  local accounts = parse_json(answer.body)
  if type(accounts) ~= 'table' or not answer.body:find('^%s*%[') then
    error('nauthilus: accounts cannot be listed, the answer is no JSON array' .. where, 0)
  end
  for index = 1, #accounts do
    if is_blank(accounts[index]) then error('nauthilus: the account list holds what is no name' .. where, 0) end
  end
  return accounts
end

function script_init()
  return 0
end

function script_deinit()
end
