import { CommandError, type CommandIo } from '../command-io.ts';
import type { LoadDoor } from './ask-doors.ts';
import type { Delimiter } from './csv-records.ts';
import { LoadClient } from './load-client.ts';
import { openText, readAuthorization, readPem } from './load-inputs.ts';
import { renderLoadReport } from './load-report.ts';
import { type LoadRow, TableError } from './load-rows.ts';
import { LoadTally } from './load-tally.ts';
import { openTable } from './load-table.ts';
import { runLoad } from './run-load.ts';

/** What the command line says; times in milliseconds. */
export interface LoadOptions {
  readonly csv: string;
  readonly url: URL;
  readonly door: LoadDoor;
  readonly credentialFile?: string;
  readonly tokenFile?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly ca?: string;
  readonly concurrency: number;
  readonly rate: number;
  readonly duration?: number;
  readonly loops?: number;
  readonly max?: number;
  readonly timeout: number;
  readonly keepAlive: boolean;
  readonly delimiter?: keyof typeof DELIMITER_NAMES;
  readonly mismatches: number;
  readonly progress: boolean;
  readonly json?: true;
}

const DELIMITER_NAMES = { comma: ',', semicolon: ';', tab: '\t' } as const satisfies Record<string, Delimiter>;
const PROGRESS_EVERY_MS = 2000;

/** Runs the command. @throws {CommandError} with exit code 2 where the table, a file or the arguments cannot be used */
export async function load(options: LoadOptions, io: CommandIo): Promise<void> {
  const tally = new LoadTally(options.mismatches);
  using client = await openClient(options, io);
  using stop = openStop();
  using _progress = options.progress ? openProgress(tally, io) : undefined;
  const startedMs = performance.now();
  await askAll(options, { client, tally, signal: stop.signal, startedMs, rows: openRows(options, io) });
  const report = tally.report((performance.now() - startedMs) / 1000, stop.signal.aborted);
  if (report.asked === 0 && !report.interrupted) throw new CommandError(`${options.csv}: has no rows`, 2);
  io.out(options.json === true ? `${JSON.stringify(report)}\n` : renderLoadReport(report));
  io.exitWith(report.mismatched > 0 || report.asked === 0 ? 1 : 0);
}

async function openClient(options: LoadOptions, io: CommandIo): Promise<LoadClient> {
  const { url, door, concurrency, keepAlive: isKeptAlive, timeout: timeoutMs } = options;
  const [ca, cert, key] = await Promise.all([options.ca, options.cert, options.key].map(readPem));
  const authorization = await readAuthorization(options, io);
  try {
    return new LoadClient({ url, door, authorization, concurrency, isKeptAlive, timeoutMs, tls: { ca, cert, key } });
  } catch (cause) {
    throw new CommandError(`the certificates cannot be used: ${(cause as Error).message}`, 2, { cause });
  }
}

function openRows(options: LoadOptions, io: CommandIo): AsyncGenerator<LoadRow> {
  const { csv, duration, loops, max, delimiter } = options;
  const unlimited = Number.POSITIVE_INFINITY;
  return openTable({
    open: () => openText(csv),
    // Standard input is there once.
    loops: csv === '-' ? 1 : (loops ?? (duration === undefined ? 1 : unlimited)),
    max: max ?? unlimited,
    delimiter: delimiter === undefined ? undefined : DELIMITER_NAMES[delimiter],
    onUnknown: (names) =>
      io.err(`nauthilus: columns that mean nothing here: ${names.map((name) => JSON.stringify(name)).join(', ')}\n`),
  });
}

interface Running {
  readonly client: LoadClient;
  readonly tally: LoadTally;
  readonly signal: AbortSignal;
  readonly startedMs: number;
  readonly rows: AsyncGenerator<LoadRow>;
}

async function askAll(
  { csv, concurrency, rate, duration = Number.POSITIVE_INFINITY }: LoadOptions,
  { client, tally, signal, startedMs, rows }: Running,
): Promise<void> {
  const now = () => performance.now();
  const untilMs = startedMs + duration;
  try {
    await runLoad({ rows, ask: client.ask, tally, concurrency, rate, signal, untilMs, now });
  } catch (cause) {
    if (!signal.aborted) throw tableProblem(cause, csv);
  }
}

function tableProblem(cause: unknown, file: string): unknown {
  if (cause instanceof TableError) return new CommandError(`${file}: ${cause.message}`, 2, { cause });
  const { code } = cause as NodeJS.ErrnoException;
  if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') return new CommandError(`${file}: is not in UTF-8`, 2, { cause });
  return code === undefined ? cause : new CommandError(`${file}: cannot be read (${code})`, 2, { cause });
}

/** A signal that fires with Ctrl-C; another one ends the program at once. */
function openStop(): Disposable & { readonly signal: AbortSignal } {
  const stop = new AbortController();
  const signals = ['SIGINT', 'SIGTERM'] as const;
  const act = () => {
    for (const name of signals) process.off(name, act);
    stop.abort();
  };
  for (const name of signals) process.on(name, act);
  return {
    signal: stop.signal,
    [Symbol.dispose]() {
      for (const name of signals) process.off(name, act);
    },
  };
}

function openProgress(tally: LoadTally, io: CommandIo): Disposable {
  let before = 0;
  const timer = setInterval(() => {
    const { asked, mismatched } = tally;
    const rate = Math.round(((asked - before) * 1000) / PROGRESS_EVERY_MS);
    before = asked;
    io.err(`${asked} asked, ${rate}/s, ${mismatched} not as expected\n`);
  }, PROGRESS_EVERY_MS);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
