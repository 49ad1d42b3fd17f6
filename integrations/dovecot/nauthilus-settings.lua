-- Settings of nauthilus.lua, which reads this file from its own folder when Dovecot starts ("doveadm reload" reads it again).
-- Dovecot 2.4 can have the same names in lua_settings of its passdb and userdb; those go before these, and this file need not
-- be there.

return {
  -- The service's JSON door. For https, Dovecot trusts what its own setting ssl_client_ca_file names, and nothing else.
  url = 'https://127.0.0.1:9443/api/v1/auth/json',

  -- The caller's credential: one line "name:password", or the same in base64. Mode 0640, owner root, group dovecot.
  secret_file = '/etc/dovecot/nauthilus.secret',

  -- Longest wait for one answer, in milliseconds. The service answers sooner by itself, with a temporary failure.
  timeout = 10000,

  -- Longest wait for the list of all accounts, in milliseconds. Dovecot gives up by itself after 60,000.
  list_timeout = 50000,

  -- Stands between the names of the account and of the master where the service is asked about a master's password.
  master_separator = '*',
}
