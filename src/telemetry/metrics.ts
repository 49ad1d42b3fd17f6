import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Mode } from '../login/attempt.ts';
import type { ProofSource } from '../login/verdict.ts';
import { CallerMetrics } from './caller-metrics.ts';
import { LineMetrics } from './line-metrics.ts';
import { NoticeMetrics } from './notices/notice-metrics.ts';
import { OperationMetrics } from './operation-metrics.ts';
import { PendingSeconds } from './pending-seconds.ts';
import { PolicyMetrics } from './policy-metrics.ts';

/** Every metric of the service begins with this. */
export const METRIC_PREFIX = 'nauthilus_';

const DECISION_SECONDS = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** What a gauge shows, read when somebody looks. */
export type GaugeReader = () => number;

interface LabelledReader {
  readonly labels: Readonly<Record<string, string>>;
  readonly read: GaugeReader;
}

/** The metrics of one process at one moment, as they travel between processes. */
export type MetricsSnapshot = readonly object[];

export interface DecisionLabels {
  readonly mode: Mode;
  readonly outcome: 'accept' | 'refuse' | 'defer';
  readonly reason: string;
  readonly protocol: string;
}

/** What was counted since somebody looked last. */
interface Tally<Label extends string> {
  readonly labels: Readonly<Record<Label, string>>;
  count: number;
}

interface DecisionTally extends Tally<'mode' | 'outcome' | 'reason' | 'protocol'> {
  readonly seconds: PendingSeconds;
}

/**
 * The metrics of one process, in Prometheus' text form. Labels are bounded: no name, address or text of a client is ever
 * one. What is counted for every request is tallied here and handed over when somebody looks: looking labels up each time costs
 * as much as deciding.
 */
export class Metrics {
  /** What servers of backends were asked. */
  readonly operations: OperationMetrics;
  /** What happens at the doors for lines. */
  readonly lines: LineMetrics;
  readonly #registry = new Registry();
  readonly #decisionSeconds: Histogram<'mode' | 'outcome'>;
  readonly #ruleFindings = openRuleFindings(this.#registry);
  readonly #listAnswers = openListAnswers(this.#registry);
  /** What operators were told of. */
  readonly notices: NoticeMetrics;
  /** Who asked, and was let in or not. */
  readonly callers: CallerMetrics;
  /** What mail servers were answered that prove passwords by themselves. */
  readonly policy: PolicyMetrics;
  readonly #reloads: Counter<'what' | 'result'>;
  readonly #accepted: Readonly<Record<ProofSource, Tally<'source'>>>;
  readonly #workerRestarts: Counter;
  readonly #refusedConnections: Counter;
  readonly #decisions = new Map<string, DecisionTally>();
  /** Most attempts end as the one before. */
  #latestDecision: DecisionTally | undefined;
  readonly #answers = new Map<string, Map<number, Tally<'door' | 'status'>>>();
  readonly #gauges = new Map<string, LabelledReader[]>();

  constructor(version: string) {
    const registers = [this.#registry];
    this.operations = new OperationMetrics(this.#registry, METRIC_PREFIX);
    this.lines = new LineMetrics(this.#registry, METRIC_PREFIX);
    this.notices = new NoticeMetrics(this.#registry, METRIC_PREFIX);
    this.policy = new PolicyMetrics(this.#registry, METRIC_PREFIX);
    const name = (suffix: string) => `${METRIC_PREFIX}${suffix}`;
    const decisions = this.#decisions;
    new Counter({
      name: name('decisions_total'),
      help: 'Verdicts by mode, outcome, reason and protocol.',
      labelNames: ['mode', 'outcome', 'reason', 'protocol'],
      registers,
      collect() {
        handOver(decisions.values(), this);
      },
    });
    this.#decisionSeconds = openDecisionSeconds(this.#registry, decisions);
    const accepted = talliesBySource();
    this.#accepted = accepted;
    new Counter({
      name: name('accepted_total'),
      help: 'Accepted attempts by who vouched: a backend, what was remembered of one, or the report of a mail server.',
      labelNames: ['source'],
      registers,
      collect() {
        handOver(Object.values(accepted), this);
      },
    });
    const answers = this.#answers;
    new Counter({
      name: name('http_answers_total'),
      help: 'HTTP answers by door and status.',
      labelNames: ['door', 'status'],
      registers,
      collect() {
        for (const byStatus of answers.values()) handOver(byStatus.values(), this);
      },
    });
    this.callers = new CallerMetrics(this.#registry, METRIC_PREFIX);
    this.#reloads = new Counter({
      name: name('reloads_total'),
      help: 'Reloads of the configuration, accounts files and certificates by result.',
      labelNames: ['what', 'result'],
      registers,
    });
    this.#workerRestarts = openWorkerRestarts(registers);
    this.#refusedConnections = openRefusedConnections(registers);
    const build = { name: name('build_info'), help: 'Version that runs.', labelNames: ['version', 'node'] };
    new Gauge({ ...build, aggregator: 'first', registers }).labels(version, process.version).set(1);
    collectDefaultMetrics({ register: this.#registry, prefix: METRIC_PREFIX });
  }

  countDecision(labels: DecisionLabels, seconds: number): void {
    const tally = isOf(this.#latestDecision, labels) ? this.#latestDecision : this.#decisionTally(labels);
    this.#latestDecision = tally;
    tally.count += 1;
    tally.seconds.add(seconds);
  }

  #decisionTally(labels: DecisionLabels): DecisionTally {
    const key = `${labels.mode} ${labels.outcome} ${labels.reason} ${labels.protocol}`;
    const known = this.#decisions.get(key);
    if (known !== undefined) return known;
    const seconds = new PendingSeconds(this.#decisionSeconds.labels({ mode: labels.mode, outcome: labels.outcome }));
    const tally = { labels: { ...labels }, count: 0, seconds };
    this.#decisions.set(key, tally);
    return tally;
  }

  countAccepted(source: ProofSource): void {
    this.#accepted[source].count += 1;
  }

  countAnswer(door: string, status: number): void {
    let byStatus = this.#answers.get(door);
    if (byStatus === undefined) {
      byStatus = new Map();
      this.#answers.set(door, byStatus);
    }
    const tally = byStatus.get(status);
    if (tally === undefined) byStatus.set(status, { labels: { door, status: String(status) }, count: 1 });
    else tally.count += 1;
  }

  /** A rule of the protection held against an attempt, or would have held. */
  countRuleFinding(rule: string, effect: 'refused' | 'observed'): void {
    this.#ruleFindings.labels(rule, effect).inc();
  }

  /** A list of addresses in the DNS was asked. */
  countListAnswer(list: string, answer: 'listed' | 'not-listed' | 'unanswered'): void {
    this.#listAnswers.labels(list, answer).inc();
  }

  countReload(what: string, result: 'taken' | 'refused'): void {
    this.#reloads.labels(what, result).inc();
  }

  /** A connection ended before anything was asked on it, for it did not come through a proxy as it should. */
  countRefusedConnection(): void {
    this.#refusedConnections.inc();
  }

  countWorkerRestart(): void {
    this.#workerRestarts.inc();
  }

  /**
   * Adds a gauge that is read at each scrape, until what is returned is disposed of; `name` comes without the prefix. Of several
   * with the same labels the latest is shown. Over all workers gauges are summed, those whose name ends in
   * `_ready` are the least, in `_state` the greatest.
   */
  addGauge(name: string, help: string, read: GaugeReader, labels: Readonly<Record<string, string>> = {}): Disposable {
    const fullName = `${METRIC_PREFIX}${name}`;
    const added = { labels, read };
    const readers = this.#gauges.get(fullName) ?? this.#openGauge(fullName, help, Object.keys(labels));
    readers.push(added);
    return {
      [Symbol.dispose]() {
        readers.splice(readers.indexOf(added), 1);
      },
    };
  }

  #openGauge(name: string, help: string, labelNames: string[]): LabelledReader[] {
    const readers: LabelledReader[] = [];
    this.#gauges.set(name, readers);
    new Gauge({
      name,
      help,
      labelNames,
      registers: [this.#registry],
      aggregator: aggregatorOf(name),
      collect() {
        this.reset();
        for (const one of readers) this.set(one.labels, one.read());
      },
    });
    return readers;
  }

  /** All metrics as data, to be put together with those of other processes. */
  snapshot(): Promise<MetricsSnapshot> {
    return this.#registry.getMetricsAsJSON() as Promise<MetricsSnapshot>;
  }

  /** All metrics in Prometheus' text exposition format. */
  render(): Promise<string> {
    return this.#registry.metrics();
  }

  get contentType(): string {
    return this.#registry.contentType;
  }
}

function aggregatorOf(gauge: string): 'min' | 'max' | 'sum' {
  if (gauge.endsWith('_ready')) return 'min';
  return gauge.endsWith('_state') ? 'max' : 'sum';
}

function openWorkerRestarts(registers: Registry[]): Counter {
  return new Counter({
    name: `${METRIC_PREFIX}worker_restarts_total`,
    help: 'Workers that were started in the place of one that ended unexpectedly.',
    registers,
  });
}

function openRefusedConnections(registers: Registry[]): Counter {
  return new Counter({
    name: `${METRIC_PREFIX}connections_refused_total`,
    help: 'Connections that ended because they had no header of the PROXY protocol that could be taken.',
    registers,
  });
}

function openRuleFindings(registry: Registry): Counter<'rule' | 'effect'> {
  return new Counter({
    name: `${METRIC_PREFIX}rule_findings_total`,
    help: 'Attempts that a rule of the protection held against, by what it did: refused them, or only told.',
    labelNames: ['rule', 'effect'],
    registers: [registry],
  });
}

function openListAnswers(registry: Registry): Counter<'list' | 'answer'> {
  return new Counter({
    name: `${METRIC_PREFIX}address_list_answers_total`,
    help: 'Questions to lists of addresses in the DNS, by what they answered.',
    labelNames: ['list', 'answer'],
    registers: [registry],
  });
}

function openDecisionSeconds(
  registry: Registry,
  decisions: ReadonlyMap<string, DecisionTally>,
): Histogram<'mode' | 'outcome'> {
  return new Histogram({
    name: `${METRIC_PREFIX}decision_seconds`,
    help: 'Time from the question to the verdict.',
    labelNames: ['mode', 'outcome'],
    buckets: DECISION_SECONDS,
    registers: [registry],
    collect() {
      for (const { seconds } of decisions.values()) seconds.handOver();
    },
  });
}

function isOf(tally: DecisionTally | undefined, wanted: DecisionLabels): tally is DecisionTally {
  if (tally === undefined) return false;
  const { mode, outcome, reason, protocol } = tally.labels;
  return mode === wanted.mode && outcome === wanted.outcome && reason === wanted.reason && protocol === wanted.protocol;
}

function talliesBySource(): Readonly<Record<ProofSource, Tally<'source'>>> {
  const of = (source: ProofSource): Tally<'source'> => ({ labels: { source }, count: 0 });
  return {
    backend: of('backend'),
    memory: of('memory'),
    shared: of('shared'),
    outage: of('outage'),
    report: of('report'),
  };
}

function handOver<Label extends string>(tallies: Iterable<Tally<Label>>, counter: Counter<Label>): void {
  for (const tally of tallies) {
    counter.inc(tally.labels, tally.count);
    tally.count = 0;
  }
}
