import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { masterFaultLine } from './master-fault.ts';

describe('a script that takes a rewritten name for a master login', () => {
  for (const text of [
    'if request.auth_user:lower() ~= request.user:lower() then',
    'if request.user ~= request.auth_user then',
    'local is_master = request.original_user ~= request.user',
    'if (auth_user ~= user) then',
    'return request.username == request.orig_user',
    'if string.lower(request.auth_user) ~= string.lower(request.user) then',
  ])
    it(`is found by ${text}`, () => assert.equal(masterFaultLine(`-- x\n${text}\n`), 2));

  for (const text of [
    'local is_master = request.master_user ~= nil and request.master_user ~= ""',
    'return not is_blank(request.master_user) and request.skip_password_check == true',
    '-- request.auth_user ~= request.user',
    '--[[\nrequest.auth_user ~= request.user ]]',
    'local names = { user = request.user, login = request.auth_user }',
  ])
    it(`is not found by ${JSON.stringify(text)}`, () => assert.equal(masterFaultLine(text), undefined));

  it('is not the glue', () => {
    const file = new URL('../../../integrations/dovecot/nauthilus.lua', import.meta.url);

    assert.equal(masterFaultLine(readFileSync(file, 'utf8')), undefined);
  });
});
