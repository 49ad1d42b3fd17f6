import Type from 'typebox';
import { Flag, Name, Section } from '../../config/fields.ts';
import { countryList, PLACE_LISTS, systemList } from './place-schema.ts';
import { domainList, otherMode } from '../rule-fields.ts';

const ACCOUNT = {
  description: 'A login name, without regard to case.',
  minLength: 1,
  maxLength: 1024,
  examples: ['scanner@example.test'],
};

export const OverrideSchema = Section(
  {
    name: Name({ description: 'Name of the entry in explanations.', examples: ['scanner'] }),
    accounts: Type.Array(Type.String(ACCOUNT), {
      description: 'Login names that it is for, as clients give them: aliases are names of their own.',
      default: [],
      uniqueItems: true,
      examples: [['scanner@example.test']],
    }),
    domains: domainList('Domains of login names that it is for.'),
    denied_networks: otherMode('denied_networks'),
    tls: otherMode('tls'),
    relay_domains: otherMode('relay_domains'),
    rbl: otherMode('rbl'),
    places: otherMode('places'),
    allow_countries: Type.Optional(countryList(PLACE_LISTS.allow_countries)),
    deny_countries: Type.Optional(countryList(PLACE_LISTS.deny_countries)),
    allow_asns: Type.Optional(systemList(PLACE_LISTS.allow_asns)),
    deny_asns: Type.Optional(systemList(PLACE_LISTS.deny_asns)),
    exempt_from_network_rules: Flag({
      description:
        'Whether the rules of `networks` and `spraying` leave these accounts alone. The budget of each account holds either way.',
      default: false,
      examples: [true],
    }),
  },
  { description: 'What is otherwise for some accounts. What it does not set is as for all others.' },
);
