import type { Check } from '../check.ts';
import type { FileReading } from '../facts.ts';
import type { GlueSettings } from '../glue-settings.ts';
import { masterFaultLine } from '../master-fault.ts';
import { fail, type Finding, ok, skipped, warn } from '../finding.ts';

const FOR_OTHERS = 0o004;

export const FILE_CHECKS: readonly Check[] = [
  {
    name: 'script',
    needs: ['doveconf'],
    find: ({ script, authUser }) =>
      judgeOpenFile(script, authUser?.name ?? 'dovecot') ?? skipped('no passdb or userdb has a Lua script'),
  },
  {
    name: 'master-login',
    needs: ['script'],
    find({ script }) {
      if (script?.kind !== 'read') return skipped('no script to look at');
      const line = masterFaultLine(script.bytes.toString('utf8'));
      if (line === undefined) return ok('the script takes no rewritten name for a master login');
      return fail(
        `${script.path}:${line}: takes a name that Dovecot rewrote for a master login, and lets it in with any password`,
        'install nauthilus.lua of this version; until then: auth_username_format = %Lu (2.4: %{user | lower}) and no default realm',
      );
    },
  },
  {
    name: 'glue',
    needs: ['script', 'master-login'],
    find({ script, ownGlue }) {
      if (script?.kind !== 'read') return skipped('no script to look at');
      const text = script.bytes.toString('utf8');
      if (text === ownGlue) return ok('the glue is that of this version');
      if (!text.includes('nauthilus-settings.lua'))
        return warn(
          `${script.path} is another script than ours: what it asks, and how, is not known here`,
          'see docs/guides/dovecot.md on how to change to nauthilus.lua',
        );
      return warn(
        `${script.path} is not the glue of this version`,
        'install nauthilus.lua of this version, and "doveadm reload"',
      );
    },
  },
  {
    name: 'settings',
    needs: ['script'],
    find({ settingsFile, settings, authUser }) {
      const file = judgeOpenFile(settingsFile, authUser?.name ?? 'dovecot');
      if (file !== undefined && file.level !== 'ok') return file;
      const place = settingsFile?.path ?? 'lua_settings';
      if (settings === undefined) return skipped('settings of another script are not known here');
      if (typeof settings === 'string') return fail(`${place}: ${settings}`, 'see the settings file of this version');
      return judgeSettings(place, settings);
    },
  },
  {
    name: 'secret',
    needs: ['settings'],
    find({ secretFile, credential, authUser }) {
      if (secretFile === undefined) return skipped('no secret file is known');
      if (secretFile.kind === 'unread') return fail(`${secretFile.path}: ${secretFile.message}`, INSTALL_SECRET);
      const { path, mode, hindranceOfAuth, hindranceOfWorker } = secretFile;
      if (hindranceOfWorker !== undefined)
        return fail(`${path}: Dovecot's user cannot read it, because of ${hindranceOfWorker}`, INSTALL_SECRET);
      if ((mode & FOR_OTHERS) !== 0)
        return fail(
          `${path}: other users of this machine can read it`,
          `chmod 0640 ${path}; then change the caller's secret`,
        );
      if (credential?.kind === 'problem') return fail(`${path}: ${credential.message}`, WRITE_SECRET);
      if (hindranceOfAuth !== undefined)
        return warn(
          `${path}: the user ${authUser?.name ?? 'dovecot'} cannot read it: only auth workers of root can, and no script that reads it at its start`,
          INSTALL_SECRET,
        );
      return ok(`${path}: the credential of ${credential?.name ?? 'nobody'}`);
    },
  },
];

const INSTALL_SECRET =
  'owner root, group dovecot, mode 0640: install -m 0640 -g dovecot nauthilus.secret /etc/dovecot/';
const WRITE_SECRET =
  "write name:secret on one line (printf '%s' 'name:secret'), or take the file that \"nauthilus generate dovecot\" made";

/** A file that everybody may read: whether Dovecot's auth process can. */
function judgeOpenFile(file: FileReading | undefined, user: string): Finding | undefined {
  if (file === undefined) return undefined;
  if (file.kind === 'unread') return fail(`${file.path}: ${file.message}`, 'install the file again, mode 0644');
  if (file.hindranceOfAuth !== undefined)
    return fail(
      `${file.path}: ${user} cannot read it, because of ${file.hindranceOfAuth}`,
      `chmod a+rX ${file.hindranceOfAuth}`,
    );
  return ok(file.path);
}

function judgeSettings(place: string, { url, timeoutMs, unknown }: GlueSettings): Finding {
  if (unknown.length > 0) return warn(`${place}: ${unknown.join(', ')} is no setting, and does nothing`, 'take it out');
  if (url.protocol === 'http:' && !isLoopback(url.hostname))
    return fail(`passwords go to ${url.origin} in plain text`, 'let the service listen with TLS, and use https');
  if (timeoutMs < 1000)
    return warn(`${place}: timeout is ${timeoutMs} milliseconds: slower answers are lost`, 'timeout = 10000, for 10 s');
  return ok(`${place}: ${url.href}`);
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || host === '::1' || host.startsWith('127.');
}
