import Type from 'typebox';
import { Choice, Flag, Path, type ResolveContext, Section } from '../../config/fields.ts';

/** What every listener with TLS needs. */
export const KEY_PAIR_FIELDS = {
  certificate: Path({
    description:
      'PEM file of the certificate, followed by its chain. Read anew when it changes, without dropping connections.',
    examples: ['tls/server.crt'],
  }),
  key: Path({
    description: 'PEM file of the private key, without passphrase. Read anew when it changes.',
    examples: ['tls/server.key'],
  }),
  min_version: Choice(['TLSv1.2', 'TLSv1.3'], {
    description: 'Oldest TLS version that is spoken.',
    default: 'TLSv1.2',
    examples: ['TLSv1.3'],
  }),
};

/** For a listener that has none of these. */
export const ALLOW_CLEARTEXT = Flag({
  description:
    'Lets a listener without TLS use an address that other machines can reach. Passwords then cross the network unencrypted unless something else protects them.',
  default: false,
  examples: [true],
});

export const ListenerTlsSchema = Section(
  {
    ...KEY_PAIR_FIELDS,
    client_ca: Type.Optional(
      Path({
        description:
          'PEM file of the authorities that vouch for the certificates of callers. Read anew when it changes.',
        examples: ['tls/callers-ca.pem'],
      }),
    ),
    client_certificates: Type.Optional(
      Choice(['optional', 'required'], {
        description:
          'Whether connections without a certificate that `client_ca` vouches for are served, for other callers and for who watches the service (`optional`, as where it is left out), or end (`required`).',
        examples: ['required'],
      }),
    ),
  },
  { description: 'Certificate and key; without this section the listener speaks plain HTTP.' },
);

/** Absolute paths of PEM files. */
export interface ListenerTlsConfig {
  readonly certificate: string;
  readonly key: string;
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
  /** Authorities of callers' certificates, which are asked for where it is there. */
  readonly clientCa?: string;
  readonly clientCertificates?: 'optional' | 'required';
}

export function resolveListenerTls(
  raw: Type.Static<typeof ListenerTlsSchema>,
  context: ResolveContext,
): ListenerTlsConfig {
  const pair = {
    certificate: context.resolvePath(raw.certificate),
    key: context.resolvePath(raw.key),
    minVersion: raw.min_version,
  };
  const { client_ca: clientCa, client_certificates: clientCertificates } = raw;
  if (clientCa === undefined) {
    if (clientCertificates !== undefined)
      context.problem('client_certificates', 'has no effect without client_ca, which says whose certificates count');
    return pair;
  }
  return {
    ...pair,
    clientCa: context.resolvePath(clientCa),
    clientCertificates: clientCertificates ?? 'optional',
  };
}
