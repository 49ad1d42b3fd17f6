/**
 * The fields of a question, shared by the structured doors. This table is what they are checked by, and what callers are told
 * of them in the description of the interface.
 *
 * @module
 */

/** A field that is text. */
export interface TextField {
  /** Longest text in UTF-16 units. */
  readonly longest: number;
  readonly description: string;
}

const ofTls = 'as the caller saw it; counts only where `ssl` says that there is TLS';
const unused = 'checked for its length, not used';

/** What a mail user can type is decided later, and may be longer here. */
export const REQUEST_FIELDS = {
  username: { longest: 8192, description: 'The name that the user typed. Required.' },
  password: { longest: 8192, description: 'The password. Required for a login, left alone by a look-up.' },
  client_ip: { longest: 64, description: "The client's IPv4 or IPv6 address; one of no address is refused." },
  client_port: { longest: 16, description: "The client's port, 0 to 65535." },
  client_hostname: { longest: 512, description: `The name of the client's host; ${unused}.` },
  client_id: { longest: 1024, description: 'What the mail program says of itself (IMAP ID, RFC 2971).' },
  external_session_id: {
    longest: 256,
    description:
      "The caller's id of the session, for its log; the header `X-Dovecot-Session` or `X-External-Session-ID` where it is not sent.",
  },
  user_agent: { longest: 512, description: 'The program that asks; the header `User-Agent` where it is not sent.' },
  local_ip: { longest: 64, description: 'The address that the client connected to.' },
  local_port: { longest: 16, description: 'The port that the client connected to, 0 to 65535.' },
  protocol: {
    longest: 64,
    description: '`imap`, `pop3`, `submission` …; at most 32 of `a-z 0-9 . _ -`, in any case.',
  },
  service: { longest: 64, description: 'The same, where `protocol` is not sent.' },
  method: { longest: 64, description: 'The SASL mechanism.' },
  ssl: {
    longest: 64,
    description:
      "Whether the client's connection is secured: `1 on true yes TLS ssl secured`, or `0 off false no` and empty, in any case.",
  },
  ssl_session_id: { longest: 256, description: `The id of the TLS session; ${unused}.` },
  ssl_client_verify: {
    longest: 128,
    description: `The outcome of the client certificate's verification, ${ofTls}.`,
  },
  ssl_client_dn: { longest: 2048, description: `The name in the client certificate, ${ofTls}; for the log.` },
  ssl_client_cn: { longest: 512, description: `The common name in the client certificate, ${ofTls}.` },
  ssl_issuer: { longest: 2048, description: `Who issued the client certificate, ${ofTls}; for the log.` },
  ssl_client_notbefore: { longest: 64, description: `The first moment of the client certificate; ${unused}.` },
  ssl_client_notafter: { longest: 64, description: `The last moment of the client certificate; ${unused}.` },
  ssl_subject_dn: { longest: 2048, description: `The distinguished name of the subject; ${unused}.` },
  ssl_issuer_dn: { longest: 2048, description: `The distinguished name of the issuer; ${unused}.` },
  ssl_client_subject_dn: {
    longest: 2048,
    description: 'The same as `ssl_client_dn`, where that is not sent.',
  },
  ssl_client_issuer_dn: {
    longest: 2048,
    description: 'The same as `ssl_issuer`, where that is not sent.',
  },
  ssl_protocol: { longest: 64, description: `The version of TLS, ${ofTls}.` },
  ssl_cipher: { longest: 128, description: `The cipher, ${ofTls}.` },
  ssl_serial: { longest: 256, description: `The serial number of the client certificate, ${ofTls}; for the log.` },
  ssl_fingerprint: { longest: 256, description: `The fingerprint of the client certificate, ${ofTls}.` },
  oidc_cid: { longest: 256, description: `The OpenID Connect client; ${unused}.` },
  auth_login_attempt: { longest: 16, description: 'Which try of the client this is, 0 to 999999.' },
} as const satisfies Readonly<Record<string, TextField>>;

export type RequestField = keyof typeof REQUEST_FIELDS;
