import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ResolveContext } from '../../config/fields.ts';
import { defaultFileBackend, resolveFileBackend } from './file-config.ts';

const RAW = {
  type: 'file',
  name: 'accounts',
  path: 'accounts.passwd',
  default_scheme: 'CRYPT',
  lower_case: true,
  attributes: {},
  remember_logins: true,
  answer_disabled_lookups: false,
  list_disabled: true,
} as const;

function resolved(attributes: Record<string, string | false>) {
  const problems: string[] = [];
  const context = {
    resolvePath: (text: string) => `/folder/${text}`,
    problem: (key: string, message: string) => problems.push(`${key}: ${message}`),
  } as unknown as ResolveContext;
  return { config: resolveFileBackend({ ...RAW, attributes }, context), problems };
}

describe('the settings of the file backend', () => {
  it('deliver uid, gid and home where nothing is said, as for a file without a configuration', () => {
    const { config, problems } = resolved({});

    assert.deepEqual(problems, []);
    assert.deepEqual({ ...defaultFileBackend('/folder/accounts.passwd'), name: 'accounts' }, config);
    assert.deepEqual(Object.fromEntries(config.attributes), {
      uid: 'uid',
      gid: 'gid',
      gecos: undefined,
      home: 'home',
      shell: undefined,
    });
  });

  it('name fields with and without userdb_ alike', () => {
    const { config } = resolved({ userdb_quota_rule: 'rnsMSQuota', gecos: 'displayName', uid: false });

    assert.equal(config.attributes.get('quota_rule'), 'rnsMSQuota');
    assert.equal(config.attributes.get('gecos'), 'displayName');
    assert.equal(config.attributes.get('uid'), undefined);
  });

  it('never deliver the password or what says only how an account stands', () => {
    for (const field of ['password', 'userdb_password', 'user', 'alias', 'disabled', 'nologin']) {
      assert.match(
        resolved({ [field]: 'x' }).problems.join(),
        new RegExp(`^attributes\\.${field}: .* never delivered$`),
      );
    }
  });
});
