import type { Check } from '../check.ts';
import { type Finding, fail, ok, skipped, warn } from '../finding.ts';
import type { PostfixFacts } from './postfix-facts.ts';
import type { SaslOutcome } from './sasl-probe.ts';

const TRAP =
  'ask Nauthilus itself (nauthilus generate postfix), or have that Dovecot prove passwords: a passdb with proxy or nopassword in front takes every password at its auth socket, since another server was to ask for it';
const DOVECOT_PROCESS = 'auth';

/** All checks of a Postfix, in the order in which they are told. */
export const POSTFIX_CHECKS: readonly Check<PostfixFacts>[] = [
  { name: 'postconf', find: findSettings },
  { name: 'sasl', needs: ['postconf'], find: findSasl },
  { name: 'sasl-server', needs: ['postconf'], find: findServer },
  { name: 'unknown-user', needs: ['sasl-server'], find: findNobody },
  { name: 'wrong-password', needs: ['sasl-server'], find: findWrong },
  { name: 'any-password', needs: ['postconf'], find: findTraps },
  { name: 'cleartext', needs: ['postconf'], find: findCleartext },
  { name: 'senders', needs: ['postconf'], find: findSenders },
];

function findSettings({ settings }: PostfixFacts): Finding {
  if (typeof settings === 'string')
    return fail(`postconf does not print its settings: ${settings}`, 'run this on the mail host');
  return ok(`Postfix ${settings.get('mail_version') ?? ''} prints its settings`);
}

function findSasl({ settings, overrides }: PostfixFacts): Finding {
  const type = get(settings, 'smtpd_sasl_type');
  const isOn = get(settings, 'smtpd_sasl_auth_enable') === 'yes' || overrides.some((line) => IS_ON.test(line));
  if (!isOn) return warn('smtpd_sasl_auth_enable is off: nobody can log in', 'nauthilus generate postfix');
  const other = overrides.find((line) => /smtpd_sasl_(type|path) *=/.test(line));
  if (other !== undefined)
    return warn(`master.cf has ${other}, which is not looked at here`, 'compare it with smtpd_sasl_type');
  if (type === 'dovecot') return ok(`logins are asked for at ${get(settings, 'smtpd_sasl_path')}`);
  return warn(
    `smtpd_sasl_type is ${type}: only dovecot is looked at here`,
    'docs/guides/saslauthd.md has what to look at',
  );
}

function findServer({ place, server }: PostfixFacts): Finding | readonly Finding[] {
  if (place === undefined || server === undefined) return skipped('smtpd_sasl_type is not dovecot');
  if (typeof server === 'string')
    return fail(`nobody answers there: ${server}`, 'start what listens there, or set smtpd_sasl_path to where it does');
  const { mechanisms } = server;
  if (mechanisms.includes('ANONYMOUS'))
    return warn('ANONYMOUS is offered', 'set smtpd_sasl_security_options = noanonymous');
  return ok(`it offers ${mechanisms.join(', ')}`);
}

function findNobody({ nobody, program }: PostfixFacts): Finding {
  if (nobody === undefined) return skipped('smtpd_sasl_type is not dovecot');
  const who = program === DOVECOT_PROCESS ? 'a Dovecot' : 'what answers there';
  if (nobody === 'accepted') return fail(`${who} lets in a user that nobody can have, by any password`, TRAP);
  return refusedOrUnknown(nobody, 'a user that nobody can have is refused');
}

function findWrong({ wrong }: PostfixFacts): Finding {
  if (wrong === undefined) return skipped('no --account was given');
  const { account, outcome } = wrong;
  if (outcome === 'accepted') return fail(`${account} is let in by a password made up just now`, TRAP);
  return refusedOrUnknown(outcome, `${account} is refused with a wrong password`);
}

function refusedOrUnknown(outcome: Exclude<SaslOutcome, 'accepted'>, text: string): Finding {
  if (outcome === 'refused') return ok(text);
  return warn(`nobody could tell: the answer was ${outcome}`, 'try again when all backends answer');
}

/** What stands in the configuration matters only where that Dovecot is who is asked. */
function findTraps({ traps, program }: PostfixFacts): Finding | readonly Finding[] {
  if (traps.length === 0) return ok('no passdb of a Dovecot on this machine takes every password');
  if (program === undefined)
    return traps.map((trap) => warn(`the Dovecot of this machine has ${trap}, if it is who answers`, TRAP));
  if (program !== DOVECOT_PROCESS)
    return ok('a Dovecot of this machine would take every password, but is not who answers');
  return traps.map((trap) => fail(`the Dovecot that answers has ${trap}: its auth socket takes every password`, TRAP));
}

function findCleartext({ settings }: PostfixFacts): Finding {
  if (get(settings, 'smtpd_tls_auth_only') === 'yes') return ok('passwords are taken within TLS only');
  return warn('passwords are taken without TLS', 'set smtpd_tls_auth_only = yes');
}

function findSenders({ settings, overrides }: PostfixFacts): Finding | readonly Finding[] {
  if (get(settings, 'smtpd_sender_login_maps') === '') return [];
  const all = [get(settings, 'smtpd_sender_restrictions'), get(settings, 'smtpd_recipient_restrictions'), ...overrides];
  if (all.some((text) => /reject_(authenticated_|known_)?sender_login_mismatch/.test(text)))
    return ok('logins send as themselves only');
  return warn(
    'smtpd_sender_login_maps is set, but nothing makes use of it: every login may send as anybody',
    'put reject_sender_login_mismatch into smtpd_sender_restrictions',
  );
}

const IS_ON = /smtpd_sasl_auth_enable *= *yes/;

function get(settings: PostfixFacts['settings'], name: string): string {
  return typeof settings === 'string' ? '' : (settings.get(name) ?? '');
}
