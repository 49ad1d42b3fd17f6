import Type from 'typebox';
import { Section } from '../../../config/fields.ts';

const FIELD_NAME = "^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$";

const Names = (description: string, names: readonly string[]) =>
  Type.Array(
    Type.String({
      pattern: FIELD_NAME,
      'x-form': 'header',
      description: 'Name of a request header, in any case.',
      examples: ['X-Auth-User'],
    }),
    {
      description: `Request headers with ${description}; the first that is there and not empty counts.`,
      default: names,
      examples: [names],
      uniqueItems: true,
    },
  );

/** Two families of names are in use: nginx sends those that begin with `Auth-`, others those that begin with `X-`. */
const NAMES = {
  username: Names('the name that the client typed', ['Auth-User']),
  password: Names('the password', ['Auth-Pass']),
  password_encoded: Names('`1` where the password is base64', ['X-Auth-Password-Encoded', 'Auth-Password-Encoded']),
  protocol: Names('the protocol', ['Auth-Protocol', 'X-Auth-Protocol']),
  login_attempt: Names('the number of the try', ['Auth-Login-Attempt', 'X-Auth-Login-Attempt']),
  auth_method: Names('the SASL mechanism', ['Auth-Method', 'X-Auth-Method']),
  local_ip: Names('the address that the client connected to', ['X-Local-IP']),
  local_port: Names('the port that the client connected to', ['X-Auth-Port', 'X-Local-Port']),
  client_ip: Names("the client's address", ['Client-IP', 'X-Client-IP']),
  client_port: Names("the client's port", ['X-Client-Port', 'Client-Port']),
  client_host: Names("the name of the client's host", ['X-Client-Host', 'Client-Host']),
  client_id: Names('what the mail program says of itself', ['X-Client-ID']),
  external_session_id: Names("the caller's own id of the session", ['X-External-Session-ID', 'X-Dovecot-Session']),
  oidc_cid: Names('the OpenID Connect client', ['X-OIDC-CID']),
  ssl: Names('whether the connection is secured', ['X-SSL', 'Auth-SSL']),
  ssl_session_id: Names('the id of the TLS session', ['X-SSL-Session-ID', 'Auth-SSL-Session-ID']),
  ssl_verify: Names("the outcome of the client certificate's verification", ['X-SSL-Client-Verify', 'Auth-SSL-Verify']),
  ssl_subject: Names('the name in the client certificate', ['X-SSL-Client-DN', 'Auth-SSL-Subject']),
  ssl_client_cn: Names('the common name in the client certificate', ['X-SSL-Client-CN', 'Auth-SSL-Client-CN']),
  ssl_issuer: Names('who issued the client certificate', ['X-SSL-Issuer', 'Auth-SSL-Issuer']),
  ssl_client_not_before: Names('the first moment of the client certificate', [
    'X-SSL-Client-NotBefore',
    'Auth-SSL-Client-NotBefore',
  ]),
  ssl_client_not_after: Names('the last moment of the client certificate', [
    'X-SSL-Client-NotAfter',
    'Auth-SSL-Client-NotAfter',
  ]),
  ssl_subject_dn: Names('the distinguished name of the subject', ['X-SSL-Subject-DN', 'Auth-SSL-Subject-DN']),
  ssl_issuer_dn: Names('the distinguished name of the issuer', ['X-SSL-Issuer-DN', 'Auth-SSL-Issuer-DN']),
  ssl_client_subject_dn: Names("the distinguished name of the client certificate's subject", [
    'X-SSL-Client-Subject-DN',
    'Auth-SSL-Client-Subject-DN',
  ]),
  ssl_client_issuer_dn: Names("the distinguished name of the client certificate's issuer", [
    'X-SSL-Client-Issuer-DN',
    'Auth-SSL-Client-Issuer-DN',
  ]),
  ssl_cipher: Names('the cipher', ['X-SSL-Cipher', 'Auth-SSL-Cipher']),
  ssl_protocol: Names('the version of TLS', ['X-SSL-Protocol', 'Auth-SSL-Protocol']),
  ssl_serial: Names('the serial number of the client certificate', ['Auth-SSL-Serial', 'X-SSL-Serial']),
  ssl_fingerprint: Names('the fingerprint of the client certificate', ['Auth-SSL-Fingerprint', 'X-SSL-Fingerprint']),
};

export const RequestHeadersSchema = Section(NAMES, {
  description: 'Names of the request headers that the doors `/api/v1/auth/header` and `/api/v1/auth/nginx` read.',
  default: {},
});

/** What a header says. */
export type HeaderKey = keyof typeof NAMES;

/** Names that are read unless others are set, first choice first. */
export const USUAL_NAMES = Object.fromEntries(
  Object.entries(NAMES).map(([key, schema]) => [key, (schema as { readonly default?: unknown }).default]),
) as Readonly<Record<HeaderKey, readonly string[]>>;

/** Names of headers in lower case, first choice first. */
export type RequestHeadersConfig = Readonly<Record<HeaderKey, readonly string[]>>;

export function resolveRequestHeaders(raw: Type.Static<typeof RequestHeadersSchema>): RequestHeadersConfig {
  const lowered = Object.entries(raw).map(([key, names]) => [key, names.map((name) => name.toLowerCase())]);
  return Object.fromEntries(lowered) as Record<HeaderKey, readonly string[]>;
}
