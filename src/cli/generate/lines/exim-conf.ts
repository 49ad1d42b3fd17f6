/** Files for Exim, by their names in the folder they are written to. */
export const EXIM_FILES = { authenticators: '30_nauthilus' } as const;

/** What the files are made for. */
export interface EximSetup {
  /** Absolute path. */
  readonly socket: string;
  /** Logins are offered within TLS only. */
  readonly isSecured: boolean;
}

/** The part of Exim's configuration that stands behind `begin authenticators`. */
export function renderAuthenticators(setup: EximSetup): string {
  return `# How Exim asks Nauthilus about logins. Made by "nauthilus generate exim".
${renderOne('PLAIN', setup)}
${renderOne('LOGIN', setup)}`;
}

function renderOne(mechanism: string, { socket, isSecured }: EximSetup): string {
  return `nauthilus_${mechanism.toLowerCase()}:
  driver = dovecot
  public_name = ${mechanism}
  server_socket = ${socket}
  server_set_id = $auth1
${isSecured ? '  server_advertise_condition = ${if def:tls_in_cipher}\n' : ''}`;
}

/** What to do with the files. */
export function renderReadme({ socket }: EximSetup): string {
  const { authenticators } = EXIM_FILES;
  return `# Nauthilus for Exim

Authenticators by which Exim asks Nauthilus about logins, over \`${socket}\`, by the protocol that Dovecot speaks with it. No Dovecot takes
part.

## Install

In this folder, as root, where Exim's configuration is split into files as Debian does it:

\`\`\`sh
install -m 0644 ${authenticators} /etc/exim4/conf.d/auth/${authenticators}
update-exim4.conf && exim4 -bV
service exim4 restart
\`\`\`

Where it is one file, its part \`begin authenticators\` takes the lines of \`${authenticators}\`. Other authenticators for PLAIN and LOGIN
have to go: Exim asks the first of a name.

## Try it

\`\`\`sh
swaks --server 127.0.0.1:587 --tls --auth PLAIN --auth-user NAME --quit-after AUTH
\`\`\`

A wrong password is 535; 435 says that nobody can know now.
`;
}
