import { RESULT } from '../../backends/ldap/client/message/result-codes.ts';

/** What stands in an error of a connection, and what to do about it. */
const CONNECTION_ADVICE: readonly (readonly [RegExp, string])[] = [
  [/ECONNREFUSED/, 'nothing listens there: look whether the server runs, and at host and port in servers'],
  [/ENOENT/, 'there is no such socket: look whether the server runs, and at the path in servers'],
  [/ENOTFOUND|EAI_AGAIN/, 'the name of the host is not known: look at servers and at DNS'],
  [/EHOSTUNREACH|ENETUNREACH/, 'there is no way to the host: look at servers, routes and firewalls'],
  [/EACCES/, 'the socket may not be opened: let the user of the service read and write it'],
  [/expired/, 'renew the certificate of the server'],
  [
    /not in the cert|does not match certificate/,
    'use a host that the certificate names, or set tls.server_name to one',
  ],
  [/issuer|self-signed|unable to verify/, 'set tls.ca to the file of the authority that has signed the certificate'],
  [/StartTLS|protocolError|unavailable|unwilling/i, 'give the server a certificate, or use ldaps:// where it has one'],
  [/wrong version number|packet length/, 'the port speaks no TLS at once: use ldap:// with starttls: required'],
  [/not within|ETIMEDOUT/, 'look at the host, at firewalls, whether the server hangs, and at timeouts.connect'],
  [
    /ECONNRESET|closed the connection|socket disconnected/,
    'the server hangs up: look at its log, and at ldap:// or ldaps://',
  ],
];

/** What can be done about a connection that cannot be had. */
export function connectionAdvice(detail: string): string {
  const found = CONNECTION_ADVICE.find(([pattern]) => pattern.test(detail));
  return found?.[1] ?? 'look at servers, starttls and tls, and at the log of the server';
}

/** What can be done about the bind of the service account. */
export function bindAdvice(resultCode: number): string {
  switch (resultCode) {
    case RESULT.invalidCredentials:
      return 'the server does not take this DN with this password: look at bind.dn and bind.password';
    case RESULT.confidentialityRequired:
    case RESULT.strongerAuthRequired:
      return 'the server takes passwords under TLS only: set starttls: required, or use ldaps://';
    case RESULT.inappropriateAuthentication:
    case RESULT.unwillingToPerform:
      return 'the server does not let anybody in this way: set bind.dn and bind.password';
    case RESULT.authMethodNotSupported:
      return 'the server does not know this way to bind: use bind.dn and bind.password, or see what SASL needs there';
    default:
      return 'look at the log of the server';
  }
}

/** What can be done about a search; `setting` is where its base DN comes from. */
export function searchAdvice(resultCode: number, setting: string): string {
  switch (resultCode) {
    case RESULT.noSuchObject:
      return `look at ${setting}, and whether the service account may search there`;
    case RESULT.insufficientAccessRights:
      return 'let the service account search there: see the access rules of the server';
    case RESULT.sizeLimitExceeded:
    case RESULT.adminLimitExceeded:
      return 'raise the limit of the service account for paged results (slapd: olcLimits with size.prtotal)';
    case RESULT.timeLimitExceeded:
      return 'give the server an index for the attributes of the filter, or raise its time limit';
    case RESULT.invalidDNSyntax:
      return `${setting} is no DN`;
    case RESULT.referral:
      return 'this server does not have the accounts: name the server that it refers to in servers';
    default:
      return 'look at the log of the server';
  }
}
