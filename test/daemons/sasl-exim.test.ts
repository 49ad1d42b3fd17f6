import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { awayDirectory } from './away-directory.ts';
import { type Exim, startExim } from './exim.ts';
import { SmtpClient } from './mail/smtp-client.ts';
import { type Nauthilus, startNauthilus } from './nauthilus.ts';
import { runTool } from './run-tool.ts';
import { Trixie, type TrixieFolder } from './trixie.ts';

const LAUNCHER = fileURLToPath(new URL('../../bin/nauthilus', import.meta.url));

const ACCOUNTS = `alice@example.test:{PLAIN}alice-pw
bob@example.test:{PLAIN}bob-pw::::::disabled=yes
grace@example.test:{PLAIN}pässwörd € &%+"
`;
const RIGHT = '235 Authentication succeeded';
const WRONG = '535 Incorrect authentication data';
const LATER = /^435 Unable to authenticate at present/;

describe('Exim with what "nauthilus generate exim" writes', { concurrency: 1 }, () => {
  const building = new AsyncDisposableStack();
  let folder: TrixieFolder;
  let service: Nauthilus;
  let exim: Exim;

  before(async () => {
    const trixie = await Trixie.open();
    folder = building.use(await trixie.folder('exim'));
    const { gid } = await trixie.user('Debian-exim');
    service = building.use(
      await startNauthilus({
        accounts: ACCOUNTS,
        backends: [{ name: 'accounts', type: 'file', path: 'accounts.passwd' }, await awayDirectory()],
        settings: [
          'line_listeners:',
          '  - name: exim',
          '    protocol: sasl',
          `    unix: { path: ${join(folder.outside, 'auth')}, group: '${gid}' }`,
        ],
      }),
    );
    const files = join(folder.outside, 'generated');
    const from = ['--config', join(dirname(service.caFile), 'nauthilus.yaml'), '--output', files, '--cleartext'];
    await runTool([LAUNCHER, 'generate', 'exim', ...from]);
    const authenticators = await readFile(join(files, '30_nauthilus'), 'utf8');
    // Programs of the root call the socket by another path.
    exim = building.use(await startExim(trixie, folder, authenticators.replaceAll(folder.outside, folder.inside)));
  });
  after(() => building.disposeAsync());

  async function logIn(way: 'authPlain' | 'authLogin', user: string, password: string): Promise<string> {
    const client = await SmtpClient.open(exim.port);
    try {
      return await client[way](user, password);
    } finally {
      client.close();
    }
  }

  for (const way of ['authPlain', 'authLogin'] as const)
    it(`tells who may log in by ${way}, who may not, and what is not known now`, async () => {
      assert.equal(await logIn(way, 'alice@example.test', 'alice-pw'), RIGHT);
      assert.equal(await logIn(way, 'grace@example.test', 'pässwörd € &%+"'), RIGHT);
      assert.equal(await logIn(way, 'alice@example.test', 'wrong'), WRONG);
      assert.equal(await logIn(way, 'nobody@example.test', 'wrong'), WRONG);
      assert.equal(await logIn(way, 'bob@example.test', 'bob-pw'), WRONG);
      assert.match(await logIn(way, 'somebody@away.test', 'any'), LATER);
    });

  it('takes mail from who has logged in, and knows by which name', async () => {
    const client = await SmtpClient.open(exim.port);
    assert.match(await client.deliver('alice@example.test', 'bob@example.test'), /^550 /);
    await client.command('RSET');
    assert.equal(await client.authPlain('alice@example.test', 'alice-pw'), RIGHT);
    assert.match(await client.deliver('alice@example.test', 'bob@example.test'), /^250 OK/);
    client.close();
    assert.match(await exim.log(), /A=nauthilus_plain:alice@example\.test/);
  });

  it('tells from where the client comes', async () => {
    const line = await service.logLine(/"login_name":"alice@example\.test".*"outcome":"accept"/);

    assert.match(line, /"caller":"exim".*"protocol":"smtp".*"client_ip":"127\.0\.0\.1"/);
  });

  it('is a temporary failure while the service is away', async () => {
    await service.stop();
    try {
      assert.match(await logIn('authPlain', 'alice@example.test', 'alice-pw'), LATER);
    } finally {
      await service.start();
    }
    assert.equal(await logIn('authPlain', 'alice@example.test', 'alice-pw'), RIGHT);
  });
});
