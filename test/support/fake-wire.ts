import pino from 'pino';
import { createDecide } from '../../src/decision/authenticate.ts';
import { Deadlines } from '../../src/decision/deadlines.ts';
import { Events } from '../../src/telemetry/events.ts';
import { Metrics } from '../../src/telemetry/metrics.ts';
import { type LineParts, Work } from '../../src/wire/line/line-session.ts';
import { AccountMap, DomainMap } from '../../src/wire/line/maps/map-look-up.ts';
import type { Protocol } from '../../src/login/protocol.ts';
import type { MemoryBackend } from './memory-backend.ts';

export interface LineWorld {
  readonly parts: LineParts;
  readonly metrics: Metrics;
  /** Lines of the log so far. */
  readonly lines: Readonly<Record<string, unknown>>[];
}

/** What sessions of lines ask: a decision over one backend, and maps over it. */
export function aLineWorld(backend: MemoryBackend, changes: Partial<LineParts> = {}): LineWorld {
  const lines: Readonly<Record<string, unknown>>[] = [];
  const write = (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>);
  const metrics = new Metrics('test');
  const events = new Events({ log: pino({ level: 'debug' }, { write }), writeLine: write }, metrics, 'plain');
  const deadlines = new Deadlines(5000);
  const decide = createDecide({
    backends: [backend],
    answersDisabledLookups: new Set(),
    deadline: () => deadlines.signal(),
    now: () => performance.now(),
  });
  const usual = {
    kind: 'accounts',
    attributes: [],
    separator: ',',
    text: 'OK',
    protocol: 'smtp' as Protocol,
    hidesDisabled: false,
  } as const;
  const domain = { kind: 'domains', name: 'domains', text: 'OK', from: [], refreshMs: 1000 } as const;
  const maps = [
    ['boxes', new AccountMap({ ...usual, name: 'boxes', gives: 'text' }, decide, events)],
    ['logins', new AccountMap({ ...usual, name: 'logins', gives: 'account', attributes: ['sends'] }, decide, events)],
    ['aliases', new AccountMap({ ...usual, name: 'aliases', gives: 'attributes', attributes: ['to'] }, decide, events)],
    ['domains', new DomainMap({ ...domain, domains: ['example.test'] }, { has: () => undefined })],
  ] as const;
  const parts = {
    name: 'a-listener',
    decide,
    events,
    work: new Work(100),
    masterSeparator: undefined,
    hangsUpForNow: false,
    clientsHaveTls: false,
    maps: new Map<string, AccountMap | DomainMap>(maps),
    ...changes,
  };
  return { parts, metrics, lines };
}
