import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { it } from 'node:test';

const DEMO = fileURLToPath(new URL('../../integrations/dovecot/demo/demo.ts', import.meta.url));

for (const [version, quota] of [
  ['2.3', /quota_rule\t\*:(bytes=1073741824|storage=1G)/],
  ['2.4', /quota_storage_size\t1073741824B/],
] as const) {
  it(`shows a login, refusals, an account and the list in the demo with Dovecot ${version}, and ends at Ctrl-C`, async () => {
    const child = spawn(process.execPath, [DEMO, '--dovecot', version], { stdio: ['ignore', 'pipe', 'pipe'] });
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
    assert.match(said, quota);
    assert.match(said, /^ +carol@example\.test$/m);
  });
}
