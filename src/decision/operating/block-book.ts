import type { AccountName } from '../../login/account-name.ts';
import type { ClientAddress } from '../../login/client-address.ts';
import { accountKeyOf } from '../../protection/account-key.ts';
import { MANUAL_RULE, manualAccountKey, manualNetworkKey } from '../../protection/manual-block.ts';
import { networkOf, overlap } from '../../protection/network-prefix.ts';
import type { Announcements } from '../../state/announcements.ts';
import type { Block, Blocks } from '../../state/blocks.ts';
import type { Unavailable } from '../../state/outcome.ts';
import { allBlocks } from './all-blocks.ts';
import type { Forgetting, Forgotten } from './forgetting.ts';

export type { Block } from '../../state/blocks.ts';

/** What a block is asked for by: all that is given must be so. */
export interface BlockQuery {
  readonly accounts?: readonly AccountName[] | undefined;
  /** Blocks that hold against any of these. */
  readonly addresses?: readonly ClientAddress[] | undefined;
  /** Exactly this network, in CIDR form. */
  readonly network?: string | undefined;
  readonly rule?: string | undefined;
}

/** Who is to be kept out by hand. */
export type BlockTarget =
  | { readonly kind: 'account'; readonly account: AccountName }
  | { readonly kind: 'network'; readonly network: string };

/** A block as an operator orders it. */
export interface BlockOrder {
  readonly target: BlockTarget;
  readonly untilMs: number;
  readonly reason: string;
  readonly by: string;
}

export interface BlockBookParts {
  readonly blocks: Blocks;
  readonly forgetting: Forgetting;
  readonly announcements: Announcements;
  /** Ends what is remembered of logins of an account: else it would serve in spite of a block. */
  readonly forgetLogins: (account: AccountName) => Promise<string | undefined>;
  /** Wall clock in milliseconds. */
  readonly now: () => number;
}

/** Blocks in the hands of operators. */
export class BlockBook {
  readonly #parts: BlockBookParts;

  constructor(parts: BlockBookParts) {
    this.#parts = parts;
  }

  /** Blocks in force, the latest first. */
  list(
    query: BlockQuery,
    signal: AbortSignal,
  ): Promise<{ readonly kind: 'blocks'; readonly blocks: readonly Block[] } | Unavailable> {
    return allBlocks(this.#parts.blocks, matcherOf(query), signal);
  }

  /** Blocks by hand. `undefined` where networks of this size cannot be blocked so. */
  async put(
    order: BlockOrder,
    signal: AbortSignal,
  ): Promise<{ readonly block: Block; readonly problem: string | undefined } | undefined> {
    const { blocks, announcements, forgetLogins, now } = this.#parts;
    const { target, untilMs, reason, by } = order;
    const key =
      target.kind === 'account' ? manualAccountKey(accountKeyOf(target.account)) : manualNetworkKey(target.network);
    if (key === undefined) return undefined;
    const block: Block = {
      key,
      network: target.kind === 'network' ? target.network : undefined,
      rule: MANUAL_RULE,
      scope: 'all',
      sinceMs: now(),
      untilMs,
      reason,
      by,
    };
    const failure = await blocks.put(block, signal);
    const unforgotten = target.kind === 'account' ? await forgetLogins(target.account) : undefined;
    await announcements.publish({ kind: 'blocks-changed' }, signal);
    return { block, problem: failure?.detail ?? unforgotten };
  }

  /** Ends blocks, and forgets what their rules have counted: the next guess does not block anew. */
  async remove(query: BlockQuery, signal: AbortSignal): Promise<Forgotten> {
    const { blocks, forgetting, announcements } = this.#parts;
    const found = await allBlocks(blocks, matcherOf(query), signal);
    if (found.kind === 'unavailable') return { blocks: [], counted: 0, problem: found.detail };
    let counted = 0;
    let problem: string | undefined;
    for (const [rule, ofRule] of Map.groupBy(found.blocks, (block) => block.rule)) {
      const networks = ofRule.flatMap(({ network }) => network ?? []);
      const keys = ofRule.map(({ key }) => key);
      const forgotten = await forgetting.forget({ accounts: [], networks, rule, blocks: keys }, signal);
      counted += forgotten.counted;
      problem ??= forgotten.problem;
    }
    await announcements.publish({ kind: 'blocks-changed' }, signal);
    return { blocks: found.blocks, counted, problem };
  }
}

function matcherOf({ accounts, addresses, network, rule }: BlockQuery): (block: Block) => boolean {
  const keys = accounts?.map((account) => manualAccountKey(accountKeyOf(account)));
  const hosts = addresses?.map((address) => networkOf(address, { ipv4: 32, ipv6: 128 }) ?? '');
  const isOf = (block: Block) =>
    (keys?.includes(block.key) ?? false) ||
    (hosts?.some((host) => block.network !== undefined && overlap(host, block.network)) ?? false);
  return (block) =>
    (rule === undefined || block.rule === rule) &&
    (network === undefined || block.network === network) &&
    ((keys === undefined && hosts === undefined) || isOf(block));
}
