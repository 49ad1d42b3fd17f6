import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { expressQuota } from './dovecot-fields-quota.ts';
import { DIALECTS, type QuotaUnit } from './dovecot-fields-rules.ts';

type Pairs = readonly (readonly [string, string])[] | 'problem';

function express(values: readonly string[], unit: QuotaUnit = 'B'): readonly Pairs[] {
  return DIALECTS.map((dialect) => {
    const expressed = expressQuota(values, unit, dialect);
    return expressed.kind === 'fields' ? expressed.fields : 'problem';
  });
}

const table: readonly (readonly [values: readonly string[], dovecot23: Pairs, dovecot24: Pairs, unit?: QuotaUnit])[] = [
  [['1048576'], [['quota_rule', '*:bytes=1048576']], [['quota_storage_size', '1048576B']]],
  [['5'], [['quota_rule', '*:bytes=5242880']], [['quota_storage_size', '5242880B']], 'MiB'],
  [['100M'], [['quota_rule', '*:bytes=104857600']], [['quota_storage_size', '104857600B']]],
  [['1 GiB'], [['quota_rule', '*:bytes=1073741824']], [['quota_storage_size', '1073741824B']]],
  [['7B'], [['quota_rule', '*:bytes=7']], [['quota_storage_size', '7B']], 'GiB'],
  [['0'], [['quota_rule', '*:bytes=0']], [['quota_storage_size', 'unlimited']]],
  [['*:storage=100M'], [['quota_rule', '*:storage=100M']], [['quota_storage_size', '104857600B']]],
  [['*:storage=10'], [['quota_rule', '*:storage=10']], [['quota_storage_size', '10240B']]],
  [['*:bytes=10'], [['quota_rule', '*:bytes=10']], [['quota_storage_size', '10B']]],
  [
    ['*:storage=1G:messages=1000'],
    [['quota_rule', '*:storage=1G:messages=1000']],
    [
      ['quota_storage_size', '1073741824B'],
      ['quota_message_count', '1000'],
    ],
  ],
  [['*:messages=0'], [['quota_rule', '*:messages=0']], [['quota_message_count', 'unlimited']]],
  [
    ['*:bytes=1', 'Trash:storage=+10%'],
    [
      ['quota_rule', '*:bytes=1'],
      ['quota_rule2', 'Trash:storage=+10%'],
    ],
    [['quota_storage_size', '1B']],
  ],
  [['*:storage=+10M'], [['quota_rule', '*:storage=+10M']], 'problem'],
  [['*:storage=10%'], [['quota_rule', '*:storage=10%']], 'problem'],
  [['*:ignore'], [['quota_rule', '*:ignore']], 'problem'],
  [
    ['9223372036854775807'],
    [['quota_rule', '*:bytes=9223372036854775807']],
    [['quota_storage_size', '9223372036854775807B']],
  ],
  [['9223372036854775808'], 'problem', 'problem'],
  [['-1'], 'problem', 'problem'],
  [['1.5G'], 'problem', 'problem'],
  [['lots'], 'problem', 'problem'],
];

describe('a quota', () => {
  for (const [values, dovecot23, dovecot24, unit] of table) {
    it(`of ${values.join(' and ')}${unit === undefined ? '' : ` ${unit}`} is said in the words of both versions`, () => {
      assert.deepEqual(express(values, unit), [dovecot23, dovecot24]);
    });
  }

  it('of any text is either a problem or of fields that hold something', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.string(), fc.stringMatching(/^\*:[a-z]+=[0-9]+[kMG]?$/)), { maxLength: 3 }),
        (values) => {
          for (const fields of express(values)) {
            if (fields !== 'problem') for (const [name] of fields) assert.match(name, /^quota_[a-z_]+\d*$/);
          }
        },
      ),
    );
  });
});
