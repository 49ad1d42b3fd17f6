-- Lets Dovecot ask Nauthilus about every login, lookup and account list. One file for Dovecot 2.3 (from 2.3.19 on) and 2.4.
--
--   2.3   passdb { driver = lua  args = file=/etc/dovecot/nauthilus.lua blocking=yes }
--   2.4   passdb lua { lua_file = /etc/dovecot/nauthilus.lua }
--
-- and the same for userdb, behind "userdb prefetch". Whatever is not a clear yes or no of the service is a temporary failure:
-- never "wrong password", never a login. Which attribute becomes which field is set in the service. What to set here stands
-- in nauthilus-settings.lua; how it all works, in docs/guides/dovecot.md.

local json = require('cjson')

local function is_blank(text)
  return type(text) ~= 'string' or text == ''
end

-- What is seldom wanted ----------------------------------------------------------------------------------------------
--
-- Dovecot has all of Lua's memory looked through after each call, so that whatever lives there costs every login. Of what is
-- wanted once, or seldom, only the text lives, and is compiled when it is wanted: this file, run as 'seldom', gives the functions
-- of this part, which know nothing of the others.

if ... == 'seldom' then
  local SETTINGS =
    { url = 'text', secret_file = 'text', timeout = 'ms', list_timeout = 'ms', master_separator = 'text' }
  local DEFAULTS = { timeout = 10000, list_timeout = 50000, master_separator = '*' }

  -- Everything that differs between the versions of Dovecot.
  local dovecot_23 = {
    fields = 'dovecot23',
    protocol = '%{service}',
    -- Options that it does not know are passed over without a word.
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
  }
  local dovecot_24 = {
    fields = 'dovecot24',
    protocol = '%{protocol}',
    takes_settings = true,
    -- All as text: an option that is true or false ends the auth process.
    client_options = function(timeout)
      return {
        user_agent = 'Dovecot/2.4',
        connect_timeout = math.min(timeout, 5000) .. ' msecs',
        request_timeout = timeout .. ' msecs',
        request_absolute_timeout = timeout .. ' msecs',
        request_max_attempts = '2',
        max_idle_time = '30 secs',
        auto_redirect = 'no',
      }
    end,
  }

  -- Dovecot does not tell its version; the clocks came with 2.4.
  local version = dovecot.microseconds and dovecot_24 or dovecot_23

  -- Settings

  local function read_settings_file(file)
    local handle, missing = io.open(file, 'rb')
    if not handle then
      -- With lua_settings there need not be any.
      if version.takes_settings and missing:find('No such file', 1, true) then return {} end
      return nil, missing
    end
    handle:close()
    local chunk, problem = loadfile(file)
    if not chunk then return nil, problem end
    local is_done, read = pcall(chunk)
    if is_done and type(read) == 'table' then return read end
    return nil, file .. ' must return a table'
  end

  -- Gives the value to use, or nil and what is wrong.
  local function read_setting(name, value)
    if SETTINGS[name] == 'text' then
      if is_blank(value) then return nil, name .. ' must be a text' end
      return value
    end
    local number = tonumber(value)
    if number and number >= 1 and number <= 600000 then return math.floor(number) end
    return nil, name .. ' must be a number of milliseconds, 1 to 600000'
  end

  -- From the file of settings, and over it what Dovecot 2.4 has in lua_settings. Gives them, or nil and what is wrong.
  local function load_settings(given, file)
    local read, problem = read_settings_file(file)
    if not read then return nil, problem end
    for name, value in pairs(given) do
      read[name] = value
    end
    local loaded = {}
    for name, value in pairs(DEFAULTS) do
      loaded[name] = value
    end
    for name, value in pairs(read) do
      if SETTINGS[name] then
        loaded[name], problem = read_setting(name, value)
        if problem then return nil, ('%s: %s'):format(file, problem) end
      else
        dovecot.i_warning(('nauthilus: %s: %s is no setting, and does nothing'):format(file, tostring(name)))
      end
    end
    for _, name in ipairs({ 'url', 'secret_file' }) do
      if not loaded[name] then return nil, ('%s: %s must be set'):format(file, name) end
    end
    return loaded
  end

  -- Credential

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

  -- "name:password" or the base64 of it, which may be wrapped; line ends and spaces around either count for nothing. Gives the
  -- base64, or nil and what is wrong.
  local function read_credential(secret_file)
    local file, problem = io.open(secret_file, 'rb')
    if not file then return nil, problem end
    local text = (file:read('*a') or ''):match('^%s*(.-)%s*$')
    file:close()
    if text:find('[%z\1-\8\14-\31\127]') then return nil, secret_file .. ' holds control characters' end
    if text:find(':', 1, true) and not text:find('[\r\n]') then return encode_base64(text) end
    local joined = text:gsub('%s', '')
    if joined ~= '' and #joined % 4 == 0 and joined:find('^[%w+/]+=?=?$') then return joined end
    return nil, secret_file .. ' holds neither one line "name:password" nor base64 of it'
  end

  -- HTTP

  local function open_clients(settings)
    local client = dovecot.http.client(version.client_options(settings.timeout))
    return client, dovecot.http.client(version.client_options(settings.list_timeout))
  end

  local function questions_to(url)
    local fields = 'fields=' .. version.fields
    return {
      login = { method = 'POST', url = url .. '?' .. fields },
      lookup = { method = 'POST', url = url .. '?mode=no-auth&' .. fields },
      list = { method = 'GET', url = url .. '?mode=list-accounts' },
    }
  end

  -- What is asked of Dovecot about each request. Last stands what the client can put anything into.
  local function template()
    return table.concat({
      '%{remote_ip}',
      '%{remote_port}',
      '%{local_ip}',
      '%{local_port}',
      version.protocol,
      '%{mechanism}',
      '%{secured}',
      '%{cert}',
      '%{session}',
      '%{user}',
      '%{login_user}',
      '%{client_id}',
    }, '\t'), '^' .. ('([^\t]*)\t'):rep(11) .. '(.*)$'
  end

  local function make_unknowable_password()
    local random = assert(io.open('/dev/urandom', 'rb'))
    local bytes = random:read(24)
    random:close()
    return '{PLAIN}' .. bytes:gsub('.', function(byte) return ('%02x'):format(byte:byte()) end)
  end

  -- Gives the names in an answer, or nil and what is wrong.
  local function read_accounts(body)
    local is_json, accounts = pcall(json.decode, body)
    if not is_json or type(accounts) ~= 'table' or not body:find('^%s*%[') then
      return nil, 'accounts cannot be listed, the answer is no JSON array'
    end
    for index = 1, #accounts do
      if is_blank(accounts[index]) then return nil, 'the account list holds what is no name' end
    end
    return accounts
  end

  return {
    load_settings = load_settings,
    read_credential = read_credential,
    open_clients = open_clients,
    questions_to = questions_to,
    template = template,
    make_unknowable_password = make_unknowable_password,
    read_accounts = read_accounts,
  }
end

-- "@" and where this file lies; some versions of Dovecot leave out the "@".
local SOURCE = debug.getinfo(1, 'S').source
local TEXT

do
  local file = assert(io.open(SOURCE:match('^@?(.*)$'), 'rb'))
  TEXT = file:read('*a')
  file:close()
end

local function seldom()
  return assert(load(TEXT, SOURCE))('seldom')
end

-- Questions and answers ----------------------------------------------------------------------------------------------

-- Dovecot's auth process drops the whole answer of its worker above 8 KiB.
local MAX_FIELD_BYTES = 7168

-- Set by script_init, and then kept for the life of the process. Without settings there is 'unusable', which says why.
local settings, unusable, client, list_client, questions, template, pattern
local var_expand

-- What Dovecot can want. Only a login holds a password; a wish without 'takes_password' must never stand in for one.
--   names    a login of a master: the service is told both names
--   proxies  whether the login may go on to another server with the client's password
local WISHES = {
  login = { step = 'login', takes_password = true, is_passdb = true, proxies = true },
  master = { step = 'login of a master', takes_password = true, names = 'both' },
  master_login = { step = 'master login', is_passdb = true },
  passdb_lookup = { step = 'passdb lookup', is_passdb = true, proxies = true },
  userdb_lookup = { step = 'lookup' },
}

-- Text that may stand in a header, in the log and in JSON beside anything else: printable ASCII of a bounded length.
local function plain(text, limit)
  if #text > limit then text = text:sub(1, limit) end
  if not text:find('^[\32-\126]*$') then text = text:gsub('[^\32-\126]', '?') end
  return text
end

local authorization

-- Read when it is first needed, and again where the service refuses it.
local function credential()
  if authorization then return authorization end
  local encoded, problem = seldom().read_credential(settings.secret_file)
  if encoded then authorization = 'Basic ' .. encoded end
  return authorization, problem
end

-- Requests under way, and whether the clients are to be made anew.
local in_flight, is_worn = 0, false

-- Dovecot's HTTP client waits twice as long after each failed connection, without a limit (the setting for one has no effect in
-- 2.3.19 and 2.4.1), and tries nothing meanwhile: long after an outage every login would be a temporary failure. It forgets
-- when the last client of an address goes, which is when Lua collects them.
local function renew_clients()
  client, list_client = nil, nil
  collectgarbage()
  client, list_client = seldom().open_clients(settings)
  is_worn = false
end

-- Gives status, body, the session of the service, and what the status means.
local function exchange(question, value, body, dovecot_session)
  local http = (body and client or list_client):request(question)
  http:add_header('Authorization', value)
  if dovecot_session then http:add_header('X-Dovecot-Session', dovecot_session) end
  if body then
    http:add_header('Content-Type', 'application/json')
    http:set_payload(body)
  else
    http:add_header('Accept', 'application/json')
  end
  local response = http:submit()
  local status = response:status()
  local reason = status ~= 200 and response:reason() or ''
  return status, response:payload() or '', response:header('X-Nauthilus-Session') or '', reason
end

local function submit(question, value, body, dovecot_session)
  if is_worn and in_flight == 0 then renew_clients() end
  in_flight = in_flight + 1
  local is_done, status, answer, session, reason = pcall(exchange, question, value, body, dovecot_session)
  in_flight = in_flight - 1
  if not is_done then error(status, 0) end
  if status >= 9000 then is_worn = true end
  return status, answer, session, reason
end

-- Asks one of the questions, once more where the credential was changed meanwhile. Gives what `exchange` does, or nil and what
-- stands in the way.
local function send(name, body, dovecot_session)
  if unusable then return nil, 'the settings cannot be used: ' .. unusable end
  local used, problem = credential()
  if not used then return nil, 'no credential: ' .. problem end
  local status, answer, session, reason = submit(questions[name], used, body, dovecot_session)
  if status ~= 401 then return status, answer, session, reason end
  authorization = nil
  local current = credential()
  if current and current ~= used then return submit(questions[name], current, body, dovecot_session) end
  return status, answer, session, reason
end

-- Dovecot's HTTP client has statuses of its own for what never became an answer: refused, timed out, wrong certificate.
local function failure_of(status, reason)
  reason = plain(reason, 300)
  if status >= 9000 then return ('no answer from %s (%d %s)'):format(settings.url, status, reason) end
  if status == 401 then return 'the service does not know the credential in ' .. settings.secret_file end
  return ('status %d %s'):format(status, reason)
end

local function known(text)
  return text ~= '' and text or nil
end

local function known_port(text)
  return text ~= '0' and known(text) or nil
end

-- What the service is asked, but for the password; what Dovecot itself calls it; the name that is wanted of a master. What is
-- unknown is left out, so that the service never takes a made-up address for a real one. Asked of Dovecot at once: each
-- request.NAME costs it as much as all of these together, and so does the name of the function, which is the same for all requests.
local function look_at(request)
  var_expand = var_expand or request.var_expand
  local client_ip, client_port, local_ip, local_port, protocol, mechanism, secured, cert, session, user, login_user, client_id =
    var_expand(request, template):match(pattern)
  if not client_ip then error('a session or protocol that cannot be', 0) end
  -- There is a tab too many: it may be one of a name.
  if client_id:find('\t', 1, true) then
    user, login_user = request.user or '', request.login_user or ''
  end
  local is_secured = secured == 'TLS' or secured == 'secured'
  return {
    client_ip = known(client_ip),
    client_port = known_port(client_port),
    local_ip = known(local_ip),
    local_port = known_port(local_port),
    protocol = known(protocol),
    method = known(mechanism:lower()),
    ssl = is_secured and '1' or nil,
    ssl_protocol = is_secured and secured or nil,
    ssl_client_verify = is_secured and cert == 'valid' and '1' or nil,
    client_id = known(plain(client_id, 1000)),
    username = user,
  },
    plain(session, 255),
    login_user
end

-- What the log says of a question, whose name may be the one of a master.
local function who(user, question, session, nauthilus_session)
  return 'user=<'
    .. plain(user, 255)
    .. '> rip='
    .. (question.client_ip or '-')
    .. ' session=<'
    .. session
    .. '> nauthilus_session=<'
    .. plain(nauthilus_session or '', 64)
    .. '>'
end

-- Adds the names and values of one half of the answer, without those that are unwanted. Gives their size, or nil and what is
-- wrong.
local function add_fields(fields, prefix, given, unwanted, may_hold_controls)
  if type(given) ~= 'table' then return nil, 'without fields of the passdb and the userdb' end
  local bytes = 0
  for name, value in pairs(given) do
    if type(name) ~= 'string' or type(value) ~= 'string' then return nil, 'with a field that is no text' end
    if name == '' or may_hold_controls and (name .. value):find('%c') then
      return nil, 'with control characters in a field'
    end
    if not unwanted[name] then
      fields[prefix .. name] = value
      bytes = bytes + #prefix + #name + #value + 2
    end
  end
  return bytes
end

-- The first two let somebody in with any password, also later, out of Dovecot's cache. The others send a login on to another
-- server, which knows nothing of a password that was proven here.
local NOTHING = {}
local NEVER = { nopassword = true, password = true }
local NEVER_UNPROVEN =
  { nopassword = true, password = true, proxy = true, proxy_maybe = true, proxy_always = true, host = true }

-- The fields of an accepted answer; nil and what is wrong where it cannot be used. A quota or a mail path that was left
-- out would be a wrong one, so that one field which cannot be understood spoils the answer.
local function read_accepted(answer, text, session, wish)
  if answer.ok ~= true then return nil, 'an answer without "ok": true' end
  local given = answer.dovecot
  if type(given) ~= 'table' then return nil, 'an answer without fields for Dovecot' end
  local fields = {}
  if wish.names == 'both' then return fields end
  -- In JSON a control character is written with a backslash (RFC 8259, section 7).
  local may_hold_controls = text:find('\\', 1, true)
  local prefix = wish.is_passdb and 'userdb_' or ''
  local bytes, problem = add_fields(fields, prefix, given.userdb, NOTHING, may_hold_controls)
  if not bytes then return nil, 'an answer ' .. problem end
  local passdb = given.passdb
  if type(passdb) ~= 'table' then return nil, 'an answer without fields of the passdb' end
  if wish.is_passdb then
    local may_proxy = wish.proxies or passdb.pass ~= nil
    local more
    more, problem = add_fields(fields, '', passdb, may_proxy and NEVER or NEVER_UNPROVEN, may_hold_controls)
    if not more then return nil, 'an answer ' .. problem end
    bytes = bytes + more
    -- Without any field of the userdb, the prefetch userdb would not take the answer.
    if next(given.userdb) == nil then fields.userdb_nauthilus_session = plain(session, 64) end
  else
    fields.user = passdb.user
  end
  if fields.user ~= nil and is_blank(fields.user) then return nil, 'an answer with an account that has no name' end
  if bytes <= MAX_FIELD_BYTES then return fields end
  return nil, ('fields of %d bytes, more than the %d that Dovecot can take'):format(bytes, MAX_FIELD_BYTES)
end

local REFUSALS = { mismatch = true, unknown = true, disabled = true, expired = true }

-- Asks about one login or account. Gives 'accepted' with fields, or a refusal, and logs it; or 'unknown-now' with an error
-- text, which Dovecot logs.
local function ask_unsafely(wish, user, question, session, password)
  if wish.takes_password then
    if type(password) ~= 'string' then error('a login without a password', 0) end
    question.password = password
  end
  local name = wish.takes_password and 'login' or 'lookup'
  local status, text, nauthilus_session, reason = send(name, json.encode(question), known(session))
  local problem
  if not status then
    problem, nauthilus_session = text, nil
  else
    local is_json, answer
    if status == 200 or status == 403 then
      is_json, answer = pcall(json.decode, text)
    end
    if not is_json or type(answer) ~= 'table' then
      problem = status == 200 and 'an answer that is no JSON object' or failure_of(status, reason)
    elseif status == 200 then
      local fields
      fields, problem = read_accepted(answer, text, nauthilus_session, wish)
      if fields then
        local whose = who(user, question, session, nauthilus_session)
        dovecot.i_info('nauthilus: ' .. wish.step .. ' accepted: ' .. whose)
        return 'accepted', fields
      end
    else
      local refused = type(answer.dovecot) == 'table' and answer.dovecot.result
      if REFUSALS[refused] then
        local whose = who(user, question, session, nauthilus_session)
        dovecot.i_info('nauthilus: ' .. wish.step .. ' refused (' .. refused .. '): ' .. whose)
        return refused
      end
      problem = failure_of(status, reason) .. ' that does not say why'
    end
  end
  local whose = who(user, question, session, nauthilus_session)
  return 'unknown-now', ('nauthilus: %s not decided, %s: %s'):format(wish.step, problem, whose)
end

-- As above; an error of the script itself is a temporary failure as well.
local function ask(wish, user, question, session, password)
  local is_done, outcome, told = pcall(ask_unsafely, wish, user, question, session, password)
  if is_done then return outcome, told or '' end
  local whose = who(user, question, session)
  return 'unknown-now', ('nauthilus: %s not decided, %s: %s'):format(wish.step, tostring(outcome), whose)
end

-- What Dovecot calls -------------------------------------------------------------------------------------------------

local result = dovecot.auth

local PASSDB_RESULTS = {
  accepted = result.PASSDB_RESULT_OK,
  mismatch = result.PASSDB_RESULT_PASSWORD_MISMATCH,
  unknown = result.PASSDB_RESULT_USER_UNKNOWN,
  disabled = result.PASSDB_RESULT_USER_DISABLED,
  expired = result.PASSDB_RESULT_PASS_EXPIRED,
  ['unknown-now'] = result.PASSDB_RESULT_INTERNAL_FAILURE,
}

-- Without a password nothing can mismatch or expire: who is refused here is not there, but for the moment.
local PASSDB_LOOKUP_RESULTS = {
  accepted = result.PASSDB_RESULT_OK,
  mismatch = result.PASSDB_RESULT_USER_UNKNOWN,
  unknown = result.PASSDB_RESULT_USER_UNKNOWN,
  disabled = result.PASSDB_RESULT_USER_DISABLED,
  expired = result.PASSDB_RESULT_INTERNAL_FAILURE,
  ['unknown-now'] = result.PASSDB_RESULT_INTERNAL_FAILURE,
}

local USERDB_RESULTS = {
  accepted = result.USERDB_RESULT_OK,
  mismatch = result.USERDB_RESULT_USER_UNKNOWN,
  unknown = result.USERDB_RESULT_USER_UNKNOWN,
  disabled = result.USERDB_RESULT_USER_UNKNOWN,
  expired = result.USERDB_RESULT_INTERNAL_FAILURE,
  ['unknown-now'] = result.USERDB_RESULT_INTERNAL_FAILURE,
}

-- A login is a master login only where Dovecot itself says so: it proved the master's password with its own master passdb
-- and named the master. A login name that differs from what the client typed says nothing: Dovecot rewrites names.
local function is_proven_master_login(request)
  return request.skip_password_check == true and not is_blank(request.master_user)
end

function auth_password_verify(request, password)
  local question, session, login_user = look_at(request)
  local user = question.username
  if is_proven_master_login(request) then
    local outcome, told = ask(WISHES.master_login, user, question, session)
    return PASSDB_LOOKUP_RESULTS[outcome], told
  end
  local wish = WISHES.login
  if login_user ~= '' then
    -- Asked as a passdb with "master = yes": request.user is the master, request.login_user whose mailbox he wants.
    wish = WISHES.master
    question.username = login_user .. settings.master_separator .. user
  end
  local outcome, told = ask(wish, user, question, session, password)
  return PASSDB_RESULTS[outcome], told
end

local stand_in

-- Asked by LMTP and doveadm proxies and "doveadm auth lookup". Mechanisms that need the stored password cannot work.
function auth_passdb_lookup(request)
  local question, session = look_at(request)
  if question.method then return result.PASSDB_RESULT_SCHEME_NOT_AVAILABLE, '' end
  local outcome, told = ask(WISHES.passdb_lookup, question.username, question, session)
  if outcome == 'accepted' then
    -- A password that nobody can type, made once per process. "nopassword" in its place would be kept by Dovecot's auth cache,
    -- and then let in whoever logs in with any password.
    stand_in = stand_in or seldom().make_unknowable_password()
    told.password = stand_in
  end
  return PASSDB_LOOKUP_RESULTS[outcome], told
end

-- Read by Dovecot 2.4 alone, and without effect where it has no auth cache (auth_cache_size = 0, the default): a kept answer
-- serves the same account and password, from the same address, over the same protocol. Dovecot compares the password of
-- itself too; without it in the key, a new one would be refused unasked after a wrong one. Of the name only the first
-- variable counts for "doveadm auth cache flush".
function auth_passdb_get_cache_key()
  return '%{user}%{protocol}%{remote_ip}%{real_remote_ip}%{secured}%{cert}%{mechanism}%{password}'
end

function auth_userdb_lookup(request)
  local question, session = look_at(request)
  local outcome, told = ask(WISHES.userdb_lookup, question.username, question, session)
  return USERDB_RESULTS[outcome], told
end

-- An error() here is what makes "doveadm user '*'" fail. An empty list would tell clean-up jobs that nobody is left.
function auth_userdb_iterate()
  local status, body, session, reason = send('list')
  if not status then error('nauthilus: accounts cannot be listed, ' .. body, 0) end
  local accounts, problem
  if status == 200 then
    accounts, problem = seldom().read_accounts(body)
  else
    problem = 'accounts cannot be listed, ' .. failure_of(status, reason)
  end
  if accounts then return accounts end
  error(('nauthilus: %s (nauthilus_session=<%s>)'):format(problem, plain(session, 64)), 0)
end

-- `given` are the lua_settings of Dovecot 2.4; 2.3 gives nothing. Runs in each auth process and worker. What is wrong with the
-- settings makes every answer a temporary failure: after an error here Dovecot would not even try again for a while.
function script_init(given)
  local setup = seldom()
  template, pattern = setup.template()
  local file = (SOURCE:match('^@?(.*/)') or './') .. 'nauthilus-settings.lua'
  settings, unusable = setup.load_settings(type(given) == 'table' and given or {}, file)
  if not settings then
    dovecot.i_error('nauthilus: the settings cannot be used: ' .. unusable)
    return 0
  end
  client, list_client = setup.open_clients(settings)
  questions = setup.questions_to(settings.url)
  return 0
end

function script_deinit()
end
