import { setImmediate as yieldTurn } from 'node:timers/promises';
import type { Block, Blocks } from '../../state/blocks.ts';
import type { Unavailable } from '../../state/outcome.ts';

const PAGE = 500;

/** All blocks in force that are meant, the latest first, or that they cannot be had. */
export async function allBlocks(
  blocks: Blocks,
  isMeant: (block: Block) => boolean,
  signal: AbortSignal,
): Promise<{ readonly kind: 'blocks'; readonly blocks: readonly Block[] } | Unavailable> {
  const found: Block[] = [];
  for (let after: string | undefined, isLast = false; !isLast; ) {
    const page = await blocks.list({ after, limit: PAGE }, signal);
    if (page.kind === 'unavailable') return page;
    found.push(...page.blocks.filter(isMeant));
    after = page.next;
    isLast = after === undefined || signal.aborted;
    await yieldTurn();
  }
  return { kind: 'blocks', blocks: found.sort((a, b) => (b.sinceMs ?? 0) - (a.sinceMs ?? 0)) };
}
