import type { Check } from '../check.ts';
import { fail, ok, skipped, warn } from '../finding.ts';
import { defaultRealmOf } from '../real-logins.ts';

const DROPS_DOMAIN = /%L?n|%\{\s*user(name)?\s*\|[^}]*\busername\b|%\{\s*username\b/;

export const NAME_CHECKS: readonly Check[] = [
  {
    name: 'name-format',
    needs: ['doveconf'],
    find({ dovecot }) {
      const format = dovecot.get('auth_username_format');
      const keepsDomain = /%L?d|\|\s*domain\b|%\{\s*domain/.test(format);
      if (DROPS_DOMAIN.test(format) && !keepsDomain)
        return warn(
          `auth_username_format = ${format} cuts the domain off: users of the same name in two domains are one to the service`,
          dovecot.generation === '2.3' ? 'auth_username_format = %Lu' : 'auth_username_format = %{user | lower}',
        );
      const realm = defaultRealmOf(dovecot);
      return ok(realm === '' ? 'names reach the service with their domain' : `names without a domain get @${realm}`);
    },
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
    name: 'probe',
    find({ real }) {
      if (real === undefined || real.wrong.length === 0)
        return skipped('give --account and --probe to try wrong passwords');
      const open = real.wrong.find(({ result }) => result.exitCode === 0);
      if (open !== undefined)
        return fail(
          `${open.name} can log in with a wrong password`,
          'stop Dovecot, install nauthilus.lua of this version, and look at its log for such logins',
        );
      if (real.wrong.some(({ result }) => result.exitCode !== 77))
        return warn('wrong passwords of rewritten names got no clear answer', 'mend the other findings and try again');
      return ok(`wrong passwords are refused for ${real.wrong.map(({ name }) => name).join(', ')}`);
    },
  },
];

const TYPED = String.raw`(?:auth_user|auth_username|original_user|orig_user)\b[\w.:()]*`;
const MEANT = String.raw`(?:\w+\.)?user(?:name)?\b[\w.:()]*`;
const FAULT = new RegExp(String.raw`\b${TYPED}\s*[~=]=\s*${MEANT}|(?<![\w])${MEANT}\s*[~=]=\s*(?:\w+\.)?${TYPED}`);

/** The line on which a script compares what was typed with the name that Dovecot made of it; comments do not count. */
export function masterFaultLine(script: string): number | undefined {
  const blank = (text: string) => text.replace(/[^\n]/g, ' ');
  const code = script.replace(/--\[\[[^]*?\]\]/g, blank).replace(/--[^\n]*/g, blank);
  const found = FAULT.exec(code);
  return found === null ? undefined : code.slice(0, found.index).split('\n').length;
}
