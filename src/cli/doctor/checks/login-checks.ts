import type { Check } from '../check.ts';
import { fail, ok, skipped } from '../finding.ts';

export const LOGIN_CHECKS: readonly Check[] = [
  {
    name: 'login',
    find({ real }) {
      if (real === undefined) return skipped('give --account to try a login through Dovecot');
      const { account, right } = real;
      if (right.exitCode === 0) return ok(`${account} can log in through Dovecot`);
      const said = `${right.stdout}${right.stderr}`.trim();
      if (/connect\(.*\) failed/.test(said))
        return fail('Dovecot does not run, or not with this configuration', 'start it');
      if (right.exitCode === undefined)
        return fail(`doveadm cannot be run: ${said}`, 'install dovecot-core, run as root');
      if (/code=temp_fail/.test(said) || right.exitCode === 75)
        return fail(`the login of ${account} was not decided`, "look at Dovecot's log: doveadm log errors");
      const code = /code=(\S+)/.exec(said)?.[1];
      return fail(
        `${account} cannot log in${code === undefined ? ': wrong password, or no such user' : ` (${code})`}`,
        "look at the service's log, which says why",
      );
    },
  },
];
