/** Accounts of the tests with Dovecot, in the form of passwd-file. */
export const DOVECOT_ACCOUNTS = `
alice@example.test:{PLAIN}alice-pw::::::quota_rule=*:storage=100M mail=maildir:~/elsewhere alias=alice alias=postmaster@example.test
bob@example.test:{PLAIN}bob-pw::::::disabled=yes
carol@example.test:{SSHA512}SVmU2Br5KLPdkPeOIOsFXC/8CrAAwLEN7MNBeTBtaVUQU2gmQ/J2CRUg8WzaN9Nl1YM71vjYEMI2DydQI2uLrf2tbuk=::::::acl_groups=staff
dave@example.test:{PLAIN}dave-pw::::::Proxy-Host=127.0.0.9
erin@example.test:{PLAIN}erin-pw::::::Proxy-Host=127.0.0.9 rnsMSDovecotMaster=erin
frank@example.test:{PLAIN}frank-pw::::::rnsMSQuota=1048576 rnsMSOverQuota=TRUE rnsMSMailPath=maildir:~/box ACL-Groups=staff ACL-Groups=testers
grace@example.test:{PLAIN}p\u00e4ssw\u00f6rd \u20ac "quoted\\"::::::
henry@example.test:{PLAIN}m\u00fcller::::::
`.trimStart();

/** The master user that Dovecot itself knows. */
export const MASTER = { name: 'admin', password: 'master-pw' } as const;
