import Type from 'typebox';
import type { Events } from '../../../telemetry/events.ts';
import type { GivenOrder, MailHosts, PooledHost } from '../../mail-hosts/mail-hosts.ts';
import { ownPlaceOf } from '../../mail-hosts/own-place.ts';
import type { CallerGate } from '../caller-gate.ts';
import type { Door, Exchange } from '../exchange.ts';
import { readJsonBody } from '../json/json-body.ts';
import type { JsonObject } from '../json/json-object.ts';
import { adminDoor, rejectFault, sendEnvelope } from './admin-door.ts';
import { BodyText, type FieldFault, fault, isFault, parseBody } from './body-schema.ts';

const DEADLINE_MS = 10_000;
const LONGEST_REASON = 256;
const MODES: readonly GivenOrder['mode'][] = ['drain', 'maintain', 'resume'];

/** The body of an order. */
export const MailHostsBody = Type.Object({
  host: BodyText('A host of `mail_hosts` with all its ports, or `host:port`. Required.'),
  mode: BodyText('`drain`, `maintain` or `resume`. Required.'),
  reason: BodyText('Why, for other operators.', LONGEST_REASON),
});

/**
 * `GET /api/v1/mail-hosts` lists the mail hosts as the process that answers sees them. `POST` gives an order: `mode` is `drain`,
 * `maintain` or `resume`, `host` is a host with all its ports, or `host:port`; `reason` is for other operators.
 *
 * @param now wall clock in milliseconds
 */
export function mailHostsDoor(
  mailHosts: MailHosts,
  events: Events,
  gate: CallerGate | undefined,
  now: () => number = Date.now,
): Door {
  const order = async (exchange: Exchange, caller: string, body: JsonObject) => {
    const asked = orderIn(body);
    if (isFault(asked)) return rejectFault(exchange, caller, asked);
    const { mode, reason } = asked;
    const given = await mailHosts.give({ ...asked, by: caller, atMs: now() }, AbortSignal.timeout(DEADLINE_MS));
    if (given === undefined)
      return exchange.reject({ status: 404, error: `host: no pool of mail_hosts has ${String(body['host'])}` }, caller);
    const { hosts, problem } = given;
    const names = [...new Set(hosts.map(({ host }) => `${host.host} port ${host.port}`))];
    events.mailHostsOrdered({ session: exchange.session, caller, mode, hosts: names, reason, problem });
    const result = { hosts: hosts.map(viewOf), ...(problem === undefined ? {} : { error: problem }) };
    sendEnvelope(exchange, {
      object: 'mail-hosts',
      operation: mode,
      result,
      status: problem === undefined ? 200 : 500,
    });
  };
  return adminDoor({
    name: 'mail-hosts',
    methods: ['GET', 'POST'],
    gate,
    answer(exchange, caller) {
      if (exchange.req.method === 'GET') {
        const result = { hosts: mailHosts.hosts.map(viewOf) };
        return sendEnvelope(exchange, { object: 'mail-hosts', operation: 'list', result });
      }
      return readJsonBody(exchange, caller, ({ value }) => {
        order(exchange, caller, value).catch((cause: unknown) => exchange.fail(cause));
      });
    },
  });
}

function orderIn(sent: JsonObject): Pick<GivenOrder, 'place' | 'mode' | 'reason'> | FieldFault {
  const body = parseBody(MailHostsBody, sent);
  if (isFault(body)) return body;
  const { host, mode, reason = '' } = body;
  if (host === undefined) return fault('host', 'is required');
  const place = ownPlaceOf(host);
  if (place === undefined)
    return fault('host', 'must be a host, or a host with its port, such as mail1.example.test:143');
  const known = MODES.find((one) => one === mode);
  return known === undefined ? fault('mode', `must be one of ${MODES.join(', ')}`) : { place, mode: known, reason };
}

/** A host as operators are shown it. */
function viewOf({ pool, host }: PooledHost): object {
  const { latest, isAlive } = host.past.health;
  const { order } = host;
  return {
    pool: pool.name,
    host: host.host,
    port: host.port,
    weight: host.weight,
    state: host.state,
    alive: isAlive,
    load: Math.round(pool.loadOf(host) * 10) / 10,
    probe:
      latest === undefined
        ? null
        : {
            result: latest.result.kind,
            detail: latest.result.kind === 'failed' ? latest.result.detail : null,
            at: new Date(latest.atMs).toISOString(),
            ms: Math.round(latest.tookMs),
          },
    order:
      order === undefined
        ? null
        : { mode: order.mode, since: new Date(order.sinceMs).toISOString(), by: order.by, reason: order.reason },
  };
}
