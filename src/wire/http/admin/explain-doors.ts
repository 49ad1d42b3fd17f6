import Type from 'typebox';
import type { ExplainedStep, Explanation } from '../../../decision/explanations/explanation.ts';
import type { ExplainHypothesis } from '../../../decision/explanations/hypothetical-login.ts';
import { explainPast } from '../../../decision/explanations/past-decision.ts';
import type { Attempt } from '../../../login/attempt.ts';
import { type ClientAddress, parseClientAddress } from '../../../login/client-address.ts';
import { parseProtocol } from '../../../login/protocol.ts';
import type { CallerGate } from '../caller-gate.ts';
import type { Door, Exchange } from '../exchange.ts';
import { readJsonBody } from '../json/json-body.ts';
import type { JsonObject } from '../json/json-object.ts';
import { adminDoor, rejectFault, sendEnvelope } from './admin-door.ts';
import { BodyFlag, BodyText, type FieldFault, fault, isFault, parseBody } from './body-schema.ts';

/** The log line of a decision that some process of the service keeps. */
export type FindKeptLine = (session: string) => Promise<string | undefined>;

const DEADLINE_MS = 10_000;

/** The login that is asked about; a name or an address is required. */
export const ExplainBody = Type.Object({
  username: BodyText('The name that the user would type.'),
  account: BodyText('The same as `username`.'),
  client_ip: BodyText("The client's address."),
  ip_address: BodyText('The same as `client_ip`.'),
  protocol: BodyText('`imap`, `pop3`, `submission` …'),
  caller: BodyText('Name of the caller that would ask.'),
  oidc_cid: BodyText('The OpenID Connect client.'),
  ssl: BodyFlag("Whether the client's connection would be secured.", true),
});
const SESSION = /^[0-9A-HJKMNP-TV-Z]{26}$/;

/** `GET /api/v1/explain/{session}`: why a past decision was what it was, as long as it is kept. */
export function explainPastDoor(find: FindKeptLine, gate: CallerGate | undefined): Door {
  return adminDoor({
    name: 'explain',
    methods: ['GET'],
    gate,
    async answer(exchange, caller) {
      const session = exchange.path.slice(exchange.path.lastIndexOf('/') + 1).toUpperCase();
      if (!SESSION.test(session))
        return exchange.reject(
          { status: 400, error: 'session: must be 26 characters, as in the log', field: 'session' },
          caller,
        );
      const line = await find(session);
      const explanation = line === undefined ? undefined : explainPast(line);
      if (explanation === undefined)
        return exchange.reject({ status: 404, error: 'no decision of this session is kept' }, caller);
      sendEnvelope(exchange, { object: 'explain', operation: 'past', result: viewOf(explanation) });
    },
  });
}

/**
 * `POST /api/v1/explain` with `username`, `client_ip`, `protocol`, `caller`, `ssl` (`false` for a connection in the clear) and `oidc_cid`,
 * and no password: what a login would come to. Nothing is counted.
 */
export function explainHypothesisDoor(explain: ExplainHypothesis, gate: CallerGate | undefined): Door {
  const answer = async (exchange: Exchange, caller: string, body: JsonObject) => {
    const attempt = attemptOf(body, exchange.session);
    if (isFault(attempt)) return rejectFault(exchange, caller, attempt);
    const result = viewOf(await explain(attempt, AbortSignal.timeout(DEADLINE_MS)));
    sendEnvelope(exchange, { object: 'explain', operation: 'hypothetical', result });
  };
  return adminDoor({
    name: 'explain',
    methods: ['POST'],
    gate,
    answer: (exchange, caller) =>
      readJsonBody(exchange, caller, ({ value }) => {
        answer(exchange, caller, value).catch((cause: unknown) => exchange.fail(cause));
      }),
  });
}

function attemptOf(sent: JsonObject, session: string): Attempt | FieldFault {
  if ('password' in sent) return fault('password', 'must not be sent: nothing is tried');
  const body = parseBody(ExplainBody, sent);
  return isFault(body) ? body : attemptWith(body, session);
}

function attemptWith(body: Type.Static<typeof ExplainBody>, session: string): Attempt | FieldFault {
  const { account = '', username = account, ip_address: other, client_ip: address = other, caller = '' } = body;
  const { ssl: isSecured = true } = body;
  const clientAddress = addressOf(address);
  if (isFault(clientAddress)) return clientAddress;
  if (username === '' && clientAddress === undefined) return fault('username', 'is required, or client_ip');
  const protocol = parseProtocol(body.protocol ?? '');
  if (protocol === undefined) return fault('protocol', 'must be at most 32 of a-z, 0-9, dot, dash and underscore');
  return {
    session,
    mode: 'authenticate',
    caller,
    loginName: username,
    protocol,
    mechanism: '',
    clientAddress,
    oidcClient: body.oidc_cid,
    ...(isSecured ? { tls: {} } : {}),
  };
}

function addressOf(text: string | undefined): ClientAddress | undefined | FieldFault {
  if (text === undefined) return undefined;
  return parseClientAddress(text) ?? fault('client_ip', 'must be an IPv4 or IPv6 address');
}

function viewOf({ kind, login, outcome, reason, decidedBy, why, steps, wouldDiffer }: Explanation): object {
  const { session, time, mode, loginName, account, clientAddress, protocol, caller, traceId, requestId } = login;
  return {
    kind,
    session,
    time,
    mode,
    login_name: loginName,
    account,
    client_ip: clientAddress,
    protocol,
    caller,
    trace_id: traceId,
    request_id: requestId,
    outcome,
    reason,
    decided_by: decidedBy,
    why,
    steps: steps.map(stepView),
    would_differ: wouldDiffer,
  };
}

function stepView({ step, effect, text, ms, finding }: ExplainedStep): object {
  if (finding === undefined) return { step, effect, text, ms };
  const { rule, network, count, limit, detail, untilMs } = finding;
  const until = untilMs === undefined ? undefined : new Date(untilMs).toISOString();
  return { step, effect, text, ms, rule, network, count, limit, detail, until };
}
