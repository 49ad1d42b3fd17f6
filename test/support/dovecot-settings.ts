import assert from 'node:assert/strict';
import type Type from 'typebox';
import { openResolveContext } from '../../src/config/resolve-context.ts';
import { type DovecotConfig, type DovecotSchema, resolveDovecot } from '../../src/wire/http/dovecot-config.ts';

type Raw = Type.Static<typeof DovecotSchema>;
type Rule = Raw['attributes'][string];

/** The section `dovecot` with its defaults, changed as asked for; rules need only what they say. */
export function aDovecotConfig(
  changes: Partial<Omit<Raw, 'attributes'>> & { readonly attributes?: Readonly<Record<string, Partial<Rule>>> } = {},
): DovecotConfig {
  const problems: string[] = [];
  const findings = {
    problem: (path: string, message: string) => problems.push(`${path}: ${message}`),
    warning: () => {},
  };
  const attributes = Object.entries(changes.attributes ?? {}).map(([name, rule]): [string, Rule] => [
    name,
    { form: 'text', unit: 'B', fields: [], ...rule },
  ]);
  const defaults = {
    fields_limit: '7KiB',
    other_attributes: 'nothing',
    master_attribute: 'rnsMSDovecotMaster',
  } as const;
  const raw: Raw = { ...defaults, ...changes, attributes: Object.fromEntries(attributes) };
  const config = resolveDovecot(raw, openResolveContext('/', findings));
  assert.deepEqual(problems, []);
  return config;
}
