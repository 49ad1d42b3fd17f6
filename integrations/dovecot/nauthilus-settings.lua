-- Settings of nauthilus.lua, which reads this file from its own folder when Dovecot starts ("doveadm reload" reads it again).

return {
  -- The service's JSON door. For https, Dovecot trusts what its own setting ssl_client_ca_file names, and nothing else.
  url = 'https://127.0.0.1:9443/api/v1/auth/json',

  -- The caller's credential: one line "name:password", or the same in base64. Mode 0640, owner root, group dovecot.
  secret_file = '/etc/dovecot/nauthilus.secret',

  -- Longest wait for one answer, in milliseconds. The service answers sooner by itself, with a temporary failure.
  timeout = 10000,

  -- Longest wait for the list of all accounts, in milliseconds. Dovecot gives up by itself after 60,000.
  list_timeout = 50000,

  -- Account attributes that become Dovecot fields, beside or instead of those that nauthilus.lua knows (its table
  -- FIELDS tells what can stand here); false takes one away.
  fields = {
    -- mailQuota = { userdb = 'quota_rule', before = '*:storage=' },
    -- ['Proxy-Host'] = false,
  },
}
