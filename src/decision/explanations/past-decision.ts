import type { RuleFinding } from '../../login/verdict.ts';
import type { ExplainedLogin, ExplainedStep, Explanation, StepEffect } from './explanation.ts';
import { passedText, type ReasonText, reasonText } from './reason-texts.ts';
import { ruleText } from './rule-texts.ts';

type Line = Readonly<Record<string, unknown>>;

/** Steps whose findings are told by name; all other rules are of `check-guesses`. */
const STEP_OF_RULE: ReadonlyMap<string, string> = new Map([
  ['denied-network', 'check-denied-networks'],
  ['tls', 'check-tls'],
  ['relay-domain', 'check-relay-domain'],
  ['place', 'check-places'],
  ['rbl', 'check-address-lists'],
]);
const AFTERWARDS = 'record-outcome';
const REPORT = 'take-report';
const OUTCOMES = ['accept', 'refuse', 'defer'] as const;

/** Explains a decision by its line of the log; `undefined` for what is no such line. */
export function explainPast(text: string): Explanation | undefined {
  const line = JSON.parse(text) as Line;
  const outcome = OUTCOMES.find((one) => one === line['outcome']);
  if (outcome === undefined) return undefined;
  const login = loginIn(line);
  const reason = textIn(line, 'reason') ?? '';
  const findings = findingsIn(line);
  const whose = { account: login.account ?? login.loginName, address: login.clientAddress };
  const decisive = outcome === 'refuse' ? findings.find(({ effect }) => effect === 'refused') : undefined;
  const { why, differ } = decisive === undefined ? meaningOf(line, outcome, reason) : ruleText(decisive, whose);
  return {
    kind: 'past',
    login,
    outcome,
    reason,
    decidedBy: decidingStep(Object.keys(timesIn(line))),
    why: detailed(why, textIn(line, 'detail')),
    steps: stepsIn(line, { outcome, why, findings, whose }),
    wouldDiffer: differ,
  };
}

function loginIn(line: Line): ExplainedLogin {
  return {
    session: textIn(line, 'session'),
    time: textIn(line, 'time'),
    mode: line['mode'] === 'look-up' ? 'look-up' : 'authenticate',
    loginName: textIn(line, 'login_name'),
    account: textIn(line, 'account'),
    clientAddress: textIn(line, 'client_ip'),
    protocol: textIn(line, 'protocol'),
    caller: textIn(line, 'caller'),
    traceId: textIn(line, 'trace_id'),
    requestId: textIn(line, 'request_id'),
  };
}

function meaningOf(line: Line, outcome: (typeof OUTCOMES)[number], reason: string): ReasonText {
  const { why, differ } =
    outcome === 'accept' ? accepted(line) : (reasonText(reason) ?? { why: reason, differ: [] as readonly string[] });
  if (!(REPORT in timesIn(line))) return { why, differ };
  return { why: `${textIn(line, 'caller')} decides logins by itself, and has reported this one: ${why}`, differ };
}

interface Told {
  readonly outcome: (typeof OUTCOMES)[number];
  readonly why: string;
  readonly findings: readonly RuleFinding[];
  readonly whose: { readonly account?: string | undefined; readonly address?: string | undefined };
}

const EFFECTS = { accept: 'accepted', refuse: 'refused', defer: 'deferred' } as const satisfies Record<
  string,
  StepEffect
>;

function stepsIn(line: Line, { outcome, why, findings, whose }: Told): readonly ExplainedStep[] {
  const times = timesIn(line);
  const deciding = decidingStep(Object.keys(times));
  return Object.entries(times).flatMap(([step, ms]): readonly ExplainedStep[] => {
    const own = findings.filter(({ rule }) => step === REPORT || (STEP_OF_RULE.get(rule) ?? 'check-guesses') === step);
    const found = own.map((finding) => ({
      step,
      effect: finding.effect,
      text: ruleText(finding, whose).why,
      ms,
      finding,
    }));
    if (step !== deciding) return found.length > 0 ? found : [{ step, effect: 'passed', text: passedText(step), ms }];
    if (found.some(({ effect }) => effect === 'refused')) return found;
    return [...found, { step, effect: EFFECTS[outcome], text: why, ms }];
  });
}

function accepted(line: Line): ReasonText {
  const backend = textIn(line, 'backend') ?? 'a backend';
  const differ: readonly string[] = [];
  if (line['mode'] === 'look-up') return { why: `${backend} knows the account`, differ };
  switch (line['source']) {
    case 'memory':
    case 'shared':
      return { why: `${backend} has proven the password a short while ago, and it is remembered`, differ };
    case 'outage':
      return { why: `${backend} could not answer, and an older proof of the password served`, differ };
    default:
      return { why: `${backend} has proven the password`, differ };
  }
}

/** The last one that was taken before what is done in any case. */
function decidingStep(steps: readonly string[]): string {
  return steps.findLast((step) => step !== AFTERWARDS) ?? '';
}

function detailed(why: string, detail: string | undefined): string {
  return detail === undefined ? why : `${why}: ${detail}`;
}

function timesIn(line: Line): Readonly<Record<string, number>> {
  return (line['steps'] ?? {}) as Record<string, number>;
}

function findingsIn(line: Line): readonly RuleFinding[] {
  if (Array.isArray(line['rules'])) return line['rules'].map((rule: Line) => findingOf(rule, ''));
  return textIn(line, 'rule') === undefined ? [] : [findingOf(line, 'rule_')];
}

function findingOf(line: Line, prefix: string): RuleFinding {
  const until = textIn(line, `${prefix}until`);
  return {
    rule: textIn(line, 'rule') ?? '',
    effect: line[`${prefix}effect`] === 'refused' ? 'refused' : 'observed',
    network: textIn(line, `${prefix}network`),
    count: numberIn(line, `${prefix}count`),
    limit: numberIn(line, `${prefix}limit`),
    detail: textIn(line, `${prefix}detail`),
    untilMs: until === undefined ? undefined : Date.parse(until),
  };
}

function textIn(line: Line, key: string): string | undefined {
  const value = line[key];
  return typeof value === 'string' ? value : undefined;
}

function numberIn(line: Line, key: string): number | undefined {
  const value = line[key];
  return typeof value === 'number' ? value : undefined;
}
