import Type from 'typebox';
import { Choice, Name, Network } from '../config/fields.ts';

const MODE =
  '`off` does not look, `observe` lets everybody in but tells in the log what `enforce` would have refused, `enforce` refuses.';
const MODES = ['off', 'observe', 'enforce'] as const;

export function mode(fallback: (typeof MODES)[number]) {
  return Choice(MODES, { description: MODE, default: fallback, examples: ['observe'] });
}

/** A mode that takes the place of another one. */
export function otherMode(rule: string) {
  return Type.Optional(Choice(MODES, { description: `Mode of the rule \`${rule}\` here.`, examples: ['off'] }));
}

export function networkList(description: string) {
  return Type.Array(Network({ description: 'Network in CIDR form, or one address.', examples: ['10.0.0.0/8'] }), {
    description,
    default: [],
    uniqueItems: true,
    examples: [['10.0.0.0/8', '2001:db8::/48']],
  });
}

export function words(description: string, example: string) {
  return Type.Array(Name({ description: 'One of them.', examples: [example] }), {
    description,
    default: [],
    uniqueItems: true,
    examples: [[example]],
  });
}

const DOMAIN = {
  description: 'A domain, or `*.` and a domain for all domains below it.',
  pattern: '^(\\*\\.)?[^\\s@*]{1,253}$',
  examples: ['example.test'],
};

export function domainList(description: string) {
  return Type.Array(Type.String(DOMAIN), {
    description,
    default: [],
    uniqueItems: true,
    examples: [['example.test', '*.example.test']],
  });
}
