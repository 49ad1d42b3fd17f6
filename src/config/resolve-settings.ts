import { resolveFileBackend } from '../backends/file/file-config.ts';
import { resolveLdapBackend } from '../backends/ldap/ldap-config.ts';
import { resolveDeadline, resolveList, resolveVerifiedLogins } from '../decision/decision-config.ts';
import { parseClientAddress } from '../login/client-address.ts';
import { resolvePasswords } from '../passwords/passwords-config.ts';
import { type ProtectionConfig, resolveProtection } from '../protection/protection-config.ts';
import { resolveState } from '../state/state-config.ts';
import { resolveWorkers } from '../supervision/workers-config.ts';
import { resolveNotices } from '../telemetry/notices/notices-config.ts';
import { resolveExplain, resolveLog } from '../telemetry/telemetry-config.ts';
import { resolveControl } from '../wire/control/control-config.ts';
import { resolveBasic } from '../wire/http/basic/basic-config.ts';
import { resolveWforce } from '../wire/http/wforce/wforce-config.ts';
import { resolveCaller } from '../wire/http/callers-config.ts';
import { resolveDovecot } from '../wire/http/dovecot-config.ts';
import { resolveRequestHeaders } from '../wire/http/header/request-headers-config.ts';
import { resolveAnswers, resolveHttp, resolveListener } from '../wire/http/http-config.ts';
import { LOOPBACK, USUAL_PORT } from '../wire/http/place-config.ts';
import { resolveNginx } from '../wire/http/nginx/nginx-config.ts';
import { resolveLine, resolveLineListener } from '../wire/line/line-config.ts';
import { resolveMap } from '../wire/line/maps/maps-config.ts';
import { resolveMailHosts } from '../wire/mail-hosts/mail-hosts-config.ts';
import type { BackendConfig, Config } from './config.ts';
import type { ResolveContext } from './fields.ts';
import type { Settings } from './schema.ts';

type Resolved = Omit<Config, 'file' | 'warnings' | 'locate'>;

/**
 * Turns settings into what the program works with, and checks what concerns several of them. Parts that are not sound are left
 * out, so that the problems of the others are found in the same run.
 * @param isSound whether nothing is wrong with the setting at a path
 * @returns `undefined` where too much is wrong to give a whole
 */
export function resolveSettings(
  settings: Settings | undefined,
  context: ResolveContext,
  isSound: (path: string) => boolean,
): Resolved | undefined {
  if (settings === undefined) return undefined;
  const { http, callers, backends, listeners } = settings;
  refuseRepeatedNames('line_listeners', settings.line_listeners, context);
  refuseRepeatedNames('maps', settings.maps, context);
  refuseRepeatedNames('callers', callers, context);
  refuseRepeatedNames('backends', backends, context);
  refuseRepeatedAddresses(listeners, context);
  refuseUnaskedCertificates(callers, listeners, context);
  refuseRepeatedTokens(callers, context);

  const shared = isSound('http') ? resolveHttp(http, context.at('http')) : UNLIMITED;
  const eachSound = <Raw, Own>(section: string, items: readonly Raw[] | undefined, resolve: ResolveItem<Raw, Own>) =>
    (items ?? []).flatMap((raw, i) => {
      const path = `${section}[${i}]`;
      return isSound(path) ? [resolve(raw, context.at(path))] : [];
    });
  const resolvedListeners = eachSound('listeners', listeners, (raw, own) => resolveListener(raw, shared, own));
  const resolvedCallers = eachSound('callers', callers, resolveCaller);
  const resolvedBackends = eachSound('backends', backends, resolveBackend);
  const mapNames = namesOf(settings.maps);
  const maps = eachSound('maps', settings.maps, (raw, own) => resolveMap(raw, namesOf(backends), own));
  const lineListeners = eachSound('line_listeners', settings.line_listeners, (raw, own) =>
    resolveLineListener(raw, mapNames, own),
  );
  if (!REST.every(isSound)) return undefined;
  const protection = resolveProtection(settings.protection, context.at('protection'));
  const decision = resolveDeadline(settings.decision, context.at('decision'));
  refuseUnknownSources(protection.relayDomains.from ?? [], backends, context);
  refuseSlowLists(protection.listQuestions, decision.deadlineMs, context);
  return {
    listeners: resolvedListeners,
    maxRequests: http.max_requests,
    callers: resolvedCallers,
    backends: resolvedBackends,
    decision,
    list: resolveList(settings.list, context.at('list')),
    verifiedLogins: resolveVerifiedLogins(settings.verified_logins, context.at('verified_logins')),
    passwords: resolvePasswords(settings.passwords),
    protection,
    state: resolveState(settings.state, context.at('state')),
    answers: resolveAnswers(settings.answers, context.at('answers')),
    dovecot: resolveDovecot(settings.dovecot, context.at('dovecot')),
    requestHeaders: resolveRequestHeaders(settings.request_headers),
    ...resolveDoors(settings, context),
    mailHosts: resolveMailHosts(settings.mail_hosts, context.at('mail_hosts')),
    lineListeners,
    line: resolveLine(settings.line, context.at('line')),
    maps,
    log: resolveLog(settings.log),
    explain: resolveExplain(settings.explain, context.at('explain')),
    notices: resolveNotices(settings.notices, context.at('notices')),
    shutdown: resolveDeadline(settings.shutdown, context.at('shutdown')),
    workers: resolveWorkers(settings.workers, settings.state.redis !== undefined, context),
    control: resolveControl(settings.control, context.at('control')),
  };
}

type ResolveItem<Raw, Own> = (raw: Raw, context: ResolveContext) => Own;

const UNLIMITED = {
  limits: { headerTimeoutMs: 0, bodyTimeoutMs: 0, idleTimeoutMs: 0, maxConnections: 0 },
  trustedProxies: [],
};
const REST = [
  'http',
  'decision',
  'list',
  'verified_logins',
  'passwords',
  'protection',
  'state',
  'answers',
  'dovecot',
  'request_headers',
  'nginx',
  'basic',
  'wforce',
  'mail_hosts',
  'line',
  'log',
  'explain',
  'notices',
  'shutdown',
  'workers',
  'control',
];

function resolveDoors({ nginx, basic, wforce }: Settings, context: ResolveContext) {
  return {
    nginx: resolveNginx(nginx, context.at('nginx')),
    basic: resolveBasic(basic, context.at('basic')),
    wforce: resolveWforce(wforce, context.at('wforce')),
  };
}

function resolveBackend(raw: Settings['backends'][number], context: ResolveContext): BackendConfig {
  switch (raw.type) {
    case 'file':
      return resolveFileBackend(raw, context);
    case 'ldap':
      return resolveLdapBackend(raw, context);
  }
}

/** Items that are not sound may lack anything, whatever their type says. */
type Partly<Item> = readonly (Partial<Item> | undefined)[] | undefined;

function namesOf(items: Partly<{ readonly name: string }>): readonly string[] {
  return (items ?? []).flatMap((item) => (item?.name === undefined ? [] : [item.name]));
}

function refuseRepeatedNames(section: string, items: Partly<{ readonly name: string }>, context: ResolveContext): void {
  const names = (items ?? []).map((item) => item?.name);
  for (const [i, first] of repeats(names))
    context.problem(`${section}[${i}].name`, `${names[i]} is the name of ${section}[${first}] already`);
}

function refuseRepeatedAddresses(listeners: Partly<Settings['listeners'][number]>, context: ResolveContext): void {
  const places = (listeners ?? []).map((listener) => {
    if (listener === undefined) return undefined;
    const { unix, port = USUAL_PORT } = listener;
    if (listener.systemd !== undefined) return `the socket ${listener.systemd} of systemd`;
    if (unix !== undefined) return unix.path === undefined ? undefined : context.resolvePath(unix.path);
    const address = parseClientAddress(listener.address ?? LOOPBACK);
    return address === undefined || port === 0 ? undefined : `${address} port ${port}`;
  });
  for (const [i, first] of repeats(places))
    context.problem(`listeners[${i}]`, `${places[i]} is the address of listeners[${first}] already`);
}

function refuseUnaskedCertificates(
  callers: Partly<Settings['callers'][number]>,
  listeners: Partly<Settings['listeners'][number]>,
  context: ResolveContext,
): void {
  if ((listeners ?? []).some((listener) => listener?.tls?.client_ca !== undefined)) return;
  for (const [i, caller] of (callers ?? []).entries())
    if (caller?.certificate !== undefined)
      context.problem(
        `callers[${i}].certificate`,
        'no listener asks callers for certificates; name the authority of this one in tls.client_ca of a listener',
      );
}

function refuseRepeatedTokens(callers: Partly<Settings['callers'][number]>, context: ResolveContext): void {
  const claims = (callers ?? []).map((caller) => {
    const { issuer, audience, subject } = caller?.token ?? {};
    return subject === undefined ? undefined : JSON.stringify([issuer, audience, subject]);
  });
  for (const [i, first] of repeats(claims))
    context.problem(
      `callers[${i}].token`,
      `callers[${first}] has tokens of the same issuer, audience and subject already`,
    );
}

function refuseUnknownSources(
  from: readonly string[],
  backends: Partly<{ readonly name: string }>,
  context: ResolveContext,
): void {
  const names = namesOf(backends);
  for (const [i, name] of from.entries())
    if (!names.includes(name))
      context.problem(`protection.relay_domains.from[${i}]`, `${name} is no backend; there are ${names.join(', ')}`);
}

/** A login that waits for lists until its time is over would be deferred: a failure of the DNS must not keep anybody out. */
function refuseSlowLists(
  { lists, deadlineMs }: ProtectionConfig['listQuestions'],
  decisionMs: number,
  context: ResolveContext,
): void {
  if (lists.length > 0 && deadlineMs >= decisionMs)
    context.problem('protection.rbl.deadline', 'must be shorter than decision.deadline');
}

/** Indexes of words that were there before, each with the index of the first. */
function* repeats(words: readonly (string | undefined)[]): Generator<readonly [number, number]> {
  for (const [i, word] of words.entries()) {
    const first = words.indexOf(word);
    if (word !== undefined && first < i) yield [i, first];
  }
}
