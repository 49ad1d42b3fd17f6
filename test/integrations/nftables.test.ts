import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { ListedBlock } from '../../src/cli/block/listed-blocks.ts';
import { renderNftables } from '../../src/cli/block/nftables.ts';

function blockOf(network: string | null, ttl = 600): ListedBlock {
  return { key: '', network, account: null, bucket: 'address', ttl, until: '', reason: '', by: '' };
}

/** What nft says of a file, without loading it. */
async function check(text: string): Promise<string> {
  const nft = spawn('nft', ['-c', '-f', '-'], { stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  nft.stderr.on('data', (piece: Buffer) => (said += piece.toString()));
  nft.stdin.end(text);
  const [code] = (await once(nft, 'close')) as [number];
  return code === 0 ? '' : `${said}${text}`;
}

describe('blocks for nftables', () => {
  it('are a file that nft takes, whichever networks are blocked', async () => {
    const blocks = [
      blockOf('192.0.2.7/32'),
      blockOf('192.0.2.7/32', 60),
      blockOf('192.0.2.0/24'),
      blockOf('10.0.0.0/8', 99_000_000),
      blockOf('2001:db8::/48'),
      blockOf('2001:db8::7/128'),
      blockOf('2001:db8:1::7/128', 1),
      blockOf(null),
      blockOf('198.51.100.7/32', 0),
    ];
    const text = renderNftables(blocks, 'nauthilus');

    assert.equal(await check(text), '');
    assert.equal(await check(renderNftables([], 'nauthilus')), '');
    const elements = [...text.matchAll(/^ {2}(\S+) timeout (\d+)s,$/gm)].map(([, network, ttl]) => [network, ttl]);
    assert.deepEqual(elements, [
      ['10.0.0.0/8', '4000000'],
      ['192.0.2.0/24', '600'],
      ['2001:db8::/48', '600'],
      ['2001:db8:1::7/128', '1'],
    ]);
  });

  it('hold each blocked address, and no two networks that overlap', () => {
    const network = fc
      .tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 0, max: 3 }), fc.constantFrom(8, 16, 24, 32))
      .map(([last, third, length]) => {
        const parts = [10, third, last, last].map((part, i) => (length >= 8 * (i + 1) ? part : 0));
        return `${parts.join('.')}/${length}`;
      });
    fc.assert(
      fc.property(fc.array(network, { maxLength: 30 }), (networks) => {
        const text = renderNftables(
          networks.map((one) => blockOf(one)),
          't',
        );
        const elements = [...text.matchAll(/^ {2}(\S+) timeout/gm)].map(([, one]) => one as string);
        for (const one of networks) assert.equal(elements.filter((element) => holds(element, one)).length, 1, one);
        for (const one of elements) assert.ok(networks.includes(one), one);
      }),
    );
  });
});

/** By octets: all lengths here are multiples of eight. */
function holds(wide: string, narrow: string): boolean {
  const [address = '', length = ''] = wide.split('/');
  const octets = Number(length) / 8;
  const [other = '', otherLength = ''] = narrow.split('/');
  const isWider = Number(length) <= Number(otherLength);
  return isWider && address.split('.').slice(0, octets).join() === other.split('.').slice(0, octets).join();
}
