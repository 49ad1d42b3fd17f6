/** saslauthd cuts a name at its last `@` into user and realm; with `-r` it puts both together and sends the realm all the same. */
export function inRealm(name: string, realm: string): string {
  if (realm === '' || name.toLowerCase().endsWith(`@${realm.toLowerCase()}`)) return name;
  return `${name}@${realm}`;
}

/** The name of a SASL service (GSSAPI's registry) where mail servers call the protocol otherwise. */
const SERVICES: ReadonlyMap<string, string> = new Map([['pop', 'pop3']]);

/** The protocol of a SASL service. */
export function protocolOfService(service: string): string {
  return SERVICES.get(service.toLowerCase()) ?? service;
}
