import Type from 'typebox';
import { Choice, Duration, Path, type ResolveContext, Section } from '../../../config/fields.ts';
import { canonicalAltName, canonicalFingerprint, type CertificatePattern } from './certificate-match.ts';
import { canonicalName } from './distinguished-name.ts';
import type { KeyPlace } from './read-keys.ts';

/** Signatures by a private key that the issuer alone has. Those by a shared secret are none of them, and `none` is no signature. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'] as const;
export type TokenAlgorithm = (typeof ALGORITHMS)[number];

export const CallerCertificateSchema = Section(
  {
    subject: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 1024,
        description:
          "The certificate's subject, the most specific part first, as `openssl x509 -noout -subject -nameopt RFC2253` prints it.",
        examples: ['CN=mx1.example.test,O=Example'],
      }),
    ),
    san: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 1024,
        description: 'One of its alternative names: `DNS:`, `IP:`, `URI:` or `email:` and the name.',
        examples: ['DNS:mx1.example.test', 'URI:spiffe://example.test/mx1'],
      }),
    ),
    fingerprint: Type.Optional(
      Type.String({
        pattern: '^(?:[0-9A-Fa-f]{2}:?){31}[0-9A-Fa-f]{2}$',
        'x-form': 'fingerprint',
        description: 'Its SHA-256 fingerprint, as `openssl x509 -noout -fingerprint -sha256` prints it.',
        examples: [Array.from({ length: 32 }, () => 'AB').join(':')],
      }),
    ),
  },
  {
    description:
      'Client certificate that proves the caller: issued by an authority in `client_ca` of the listener, and with all that is named here.',
  },
);

export const CallerTokenSchema = Section(
  {
    issuer: Type.String({
      minLength: 1,
      maxLength: 1024,
      description: 'Who issues the tokens: the `iss` claim.',
      examples: ['https://id.example.test/'],
    }),
    audience: Type.String({
      minLength: 1,
      maxLength: 1024,
      description: 'Whom the tokens are for: the `aud` claim must name this.',
      examples: ['nauthilus'],
    }),
    subject: Type.String({
      minLength: 1,
      maxLength: 1024,
      description: 'Whom the tokens speak of: the `sub` claim of this caller.',
      examples: ['webmail'],
    }),
    jwks: Section(
      {
        file: Type.Optional(
          Path({ description: 'File with the public keys of the issuer (JWKS).', examples: ['callers/issuer.jwks'] }),
        ),
        url: Type.Optional(
          Type.String({
            pattern: '^https://[^\\s]{1,2000}$',
            'x-form': 'https-url',
            description: 'Where the public keys of the issuer are (JWKS). They are asked for anew when they change.',
            examples: ['https://id.example.test/keys'],
          }),
        ),
        ca: Type.Optional(
          Path({
            description: "PEM file of the authorities that vouch for the URL's server; the system's where left out.",
            examples: ['tls/ca.pem'],
          }),
        ),
      },
      { description: 'The public keys of the issuer: `file` or `url`.' },
    ),
    algorithms: Type.Array(Choice([...ALGORITHMS], { description: 'A signature.', examples: ['ES256'] }), {
      description: 'Signatures that are accepted.',
      default: ['RS256', 'ES256'],
      minItems: 1,
      uniqueItems: true,
      examples: [['ES256', 'EdDSA']],
    }),
    leeway: Duration({
      description: 'How far the clocks of issuer and service may differ; at most 5 minutes.',
      default: '30s',
      examples: ['5s'],
    }),
  },
  { description: 'Tokens (JWT) that prove the caller, sent as `Authorization: Bearer`.' },
);

/** What a caller's tokens must say, and by which keys they must be signed. */
export interface TokenConfig {
  readonly issuer: string;
  readonly audience: string;
  readonly subject: string;
  readonly keys: KeyPlace;
  readonly algorithms: readonly TokenAlgorithm[];
  readonly leewayMs: number;
}

const MAX_LEEWAY_MS = 5 * 60_000;

export function resolveCallerCertificate(
  raw: Type.Static<typeof CallerCertificateSchema>,
  context: ResolveContext,
): CertificatePattern {
  const { subject, san, fingerprint } = raw;
  if (subject === undefined && san === undefined && fingerprint === undefined)
    context.problem('', 'says nothing of the certificate; give its subject, a san or its fingerprint');
  const name = subject === undefined ? undefined : canonicalName(subject);
  if (subject !== undefined && name === undefined)
    context.problem('subject', 'is no distinguished name; write one such as CN=mx1.example.test,O=Example');
  const altName = san === undefined ? undefined : canonicalAltName(san);
  if (san !== undefined && altName === undefined)
    context.problem('san', 'is no alternative name; write one such as DNS:mx1.example.test or IP:192.0.2.1');
  return {
    subject: name,
    altName,
    fingerprint: fingerprint === undefined ? undefined : canonicalFingerprint(fingerprint),
  };
}

export function resolveCallerToken(raw: Type.Static<typeof CallerTokenSchema>, context: ResolveContext): TokenConfig {
  const { issuer, audience, subject, jwks, algorithms } = raw;
  const leewayMs = context.durationMs(raw.leeway);
  if (leewayMs > MAX_LEEWAY_MS) context.problem('leeway', 'is more than 5 minutes');
  return { issuer, audience, subject, keys: resolveKeyPlace(jwks, context), algorithms, leewayMs };
}

function resolveKeyPlace(
  { file, url, ca }: Type.Static<typeof CallerTokenSchema>['jwks'],
  context: ResolveContext,
): KeyPlace {
  if ((file === undefined) === (url === undefined)) context.problem('jwks', 'needs one of file and url');
  if (ca !== undefined && url === undefined) context.problem('jwks.ca', 'is for a url only');
  if (url !== undefined && !URL.canParse(url)) context.problem('jwks.url', 'is no URL');
  if (url === undefined) return { kind: 'file', file: context.resolvePath(file ?? '') };
  return { kind: 'url', url, caFile: ca === undefined ? undefined : context.resolvePath(ca) };
}
