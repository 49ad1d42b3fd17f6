import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { it } from 'node:test';

const DEMO = fileURLToPath(new URL('../../integrations/dovecot/demo/demo.ts', import.meta.url));

it('shows a login, refusals, an account and the list in the demo, and ends at Ctrl-C', async () => {
  const child = spawn(process.execPath, [DEMO], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (piece: Buffer) => {
      said += piece.toString();
      if (said.includes('until Ctrl-C')) child.kill('SIGINT');
    });
  }

  const [exitCode] = (await once(child, 'close')) as [number | null];

  assert.equal(exitCode, 0, said);
  assert.match(said, /\*: TLSv1\.3/);
  assert.match(said, /S: a2 OK .*Logged in/);
  assert.match(said, /STORAGE 0 1048576/);
  assert.equal(said.match(/S: a2 NO \[AUTHENTICATIONFAILED\]/g)?.length, 2);
  assert.match(said, /quota_rule\t\*:storage=1G/);
  assert.match(said, /^ +carol@example\.test$/m);
});
