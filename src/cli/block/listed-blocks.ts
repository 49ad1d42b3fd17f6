import { callService, type ServiceOptions, type ServiceReply } from '../service-call.ts';
import type { CommandIo } from '../command-io.ts';

/** A block as the service shows it. */
export interface ListedBlock {
  readonly key: string;
  readonly network: string | null;
  readonly account: string | null;
  readonly bucket: string;
  /** Seconds until it ends. */
  readonly ttl: number;
  readonly until: string;
  readonly reason: string;
  readonly by: string;
}

type Listed = readonly [{ readonly entries: readonly ListedBlock[] }, unknown];

/** Asks for the blocks that a query finds; entries that are `undefined` are left out. */
export function listBlocks(
  options: ServiceOptions,
  io: CommandIo,
  query: Readonly<Record<string, string | undefined>>,
): Promise<ServiceReply<Listed>> {
  const asked = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) asked.append(name, value);
  const mark = asked.size === 0 ? '' : '?';
  return callService<Listed>(options, io, { method: 'GET', path: `/api/v1/bruteforce/list${mark}${asked.toString()}` });
}

const HEAD = ['WHOM', 'RULE', 'UNTIL', 'BY', 'REASON'];

/** A table for people; nothing where there are no blocks. */
export function renderBlocks(blocks: readonly ListedBlock[]): string {
  if (blocks.length === 0) return '';
  const rows = blocks.map(({ network, account, bucket, until, by, reason }) => [
    network ?? account ?? '',
    bucket,
    until,
    by,
    reason.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, ' '),
  ]);
  const widths = HEAD.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const lines = [HEAD, ...rows].map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return `${lines.join('\n')}\n`;
}
