import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { openServiceNotice } from '../../src/supervision/service-notice.ts';

/** Node has no datagrams on unix sockets; perl is on each Debian. */
const RECEIVER = `
use IO::Socket::UNIX;
$| = 1;
my $socket = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => $ARGV[0]) or die;
print "listening\\n";
for (1 .. 4) { $socket->recv(my $text, 4096); $text =~ s/\\n/ /g; print "$text\\n"; }
`;

describe('systemd', () => {
  it('is told when the service is ready, reloads and stops', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'nauthilus-notice-'));
    const socket = join(folder, 'notify');
    const receiver = spawn('perl', ['-e', RECEIVER, socket], { stdio: ['ignore', 'pipe', 'inherit'] });
    let got = '';
    receiver.stdout.on('data', (piece: Buffer) => (got += piece.toString()));
    await once(receiver.stdout, 'data');
    process.env['NOTIFY_SOCKET'] = socket;
    const complaints: string[] = [];
    const notice = openServiceNotice({ env: process.env, err: (text) => complaints.push(text) });
    notice.ready();
    notice.reloading();
    notice.ready();
    notice.stopping();
    delete process.env['NOTIFY_SOCKET'];
    await once(receiver, 'close');
    rmSync(folder, { recursive: true });

    assert.deepEqual(complaints, []);
    assert.match(got, /^listening\nREADY=1\nRELOADING=1 MONOTONIC_USEC=\d+\nREADY=1\nSTOPPING=1\n$/);
  });

  it('is not told where it does not ask', () => {
    const notice = openServiceNotice({ env: {}, err: (text) => assert.fail(text) });
    notice.ready();
    notice.stopping();
  });
});
