import { randomBytes } from 'node:crypto';
import { Secret } from '../../login/secret.ts';
import type { DovecotSettings } from './dovecot-settings.ts';
import type { RealLogins } from './facts.ts';
import type { RealAccount } from './gather-facts.ts';
import type { MailHost } from './mail-host.ts';

/** Logs in through the running Dovecot: no password ever stands in a list of processes. */
export async function tryRealLogins(
  host: MailHost,
  dovecot: DovecotSettings,
  { name, password, isProbed }: RealAccount,
): Promise<RealLogins> {
  const tryOne = (user: string, secret: Secret) =>
    host.doveadm(Buffer.concat([secret.reveal(), Buffer.from('\n')]), 'auth', 'test', '--', user);
  const never = () => Secret.fromText(`wrong-${randomBytes(12).toString('base64url')}`);
  // Together, since Dovecot lets whoever is wrong wait for seconds.
  const spellings = isProbed ? rewrittenSpellings(name, dovecot) : [];
  const [right, ...wrong] = await Promise.all([
    tryOne(name, password),
    ...spellings.map((spelling) => tryOne(spelling, never())),
  ]);
  return { account: name, right, wrong: wrong.map((result, i) => ({ name: spellings[i] ?? name, result })) };
}

/** Names that lead to the account, and that Dovecot turns into something else than was typed. */
export function rewrittenSpellings(name: string, dovecot: DovecotSettings): string[] {
  const at = name.lastIndexOf('@');
  const realm = defaultRealmOf(dovecot);
  const spellings = [name, name.toUpperCase()];
  if (realm !== '' && at > 0 && name.slice(at + 1) === realm) spellings.push(name.slice(0, at));
  return [...new Set(spellings)];
}

/** 2.4 has both names for it. */
export function defaultRealmOf(dovecot: DovecotSettings): string {
  return dovecot.get('auth_default_realm') || dovecot.get('auth_default_domain');
}
