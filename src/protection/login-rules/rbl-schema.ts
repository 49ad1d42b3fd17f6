import Type from 'typebox';
import { Choice, Count, Duration, DurationAboveZero, Flag, Name, Network, Section } from '../../config/fields.ts';
import { mode, networkList } from '../rule-fields.ts';

export const DnsListSchema = Section(
  {
    name: Name({ description: 'Name of the list in the log and in metrics.', examples: ['spammers'] }),
    zone: Type.String({
      description: 'Domain below which the list is asked.',
      pattern: '^[A-Za-z0-9_-]{1,63}(\\.[A-Za-z0-9_-]{1,63})*\\.?$',
      maxLength: 180,
      examples: ['rbl.example.test'],
    }),
    weight: Count({
      description:
        'What an address on the list scores. Below zero for lists of addresses that are welcome; what such a list does not answer is taken for what helps the client.',
      minimum: -100,
      maximum: 100,
      default: 1,
      examples: [2],
    }),
    return_codes: Type.Array(Network({ description: 'An answer, or a network of them.', examples: ['127.0.0.2'] }), {
      description:
        'Answers that mean an address is listed. Those in 127.255.255.0/24 never do: with them lists refuse who asks.',
      default: ['127.0.0.0/8'],
      minItems: 1,
      uniqueItems: true,
      examples: [['127.0.0.2', '127.0.0.4/30']],
    }),
    ipv4: Flag({ description: 'Whether it is asked about IPv4 addresses.', default: true, examples: [false] }),
    ipv6: Flag({ description: 'Whether it is asked about IPv6 addresses.', default: false, examples: [true] }),
  },
  { description: 'A list of addresses in the DNS.' },
);

export const RblSchema = Section(
  {
    mode: mode('off'),
    lists: Type.Array(DnsListSchema, { description: 'Lists that are asked.', default: [], maxItems: 32 }),
    threshold: Count({
      description: 'Score from which on a login is refused.',
      minimum: 1,
      maximum: 1000,
      default: 1,
      examples: [3],
    }),
    allow_networks: networkList('Networks that no list is asked about.'),
    known_networks: Choice(['let-in', 'ask'], {
      description:
        'Whether lists are asked about logins out of networks that the account has logged in from before: there the owner would be refused for what others have done.',
      default: 'let-in',
      examples: ['ask'],
    }),
    on_failure: Choice(['let-in', 'defer'], {
      description:
        'What becomes of a login where lists that would matter do not answer: it goes on, or gets a temporary failure.',
      default: 'let-in',
      examples: ['defer'],
    }),
    deadline: DurationAboveZero({
      description: 'Longest time that a login waits for lists; must be shorter than `decision.deadline`.',
      default: '1s',
      examples: ['500ms'],
    }),
    servers: Type.Array(
      Type.String({
        description: 'Address of a DNS server, with a port where it is not 53.',
        'x-form': 'dns-server',
        pattern: '^([0-9.]{7,15}(:[0-9]{1,5})?|[0-9A-Fa-f:.]{2,45}|\\[[0-9A-Fa-f:.]{2,45}\\](:[0-9]{1,5})?)$',
        examples: ['127.0.0.1:5353'],
      }),
      {
        description:
          'DNS servers that are asked; those of the system where empty. Lists refuse many public resolvers: ask one of your own.',
        default: [],
        maxItems: 8,
        uniqueItems: true,
        examples: [['127.0.0.1']],
      },
    ),
    lifetime: Duration({
      description: 'How long answers are remembered; failures for at most 10 seconds.',
      default: '5m',
      examples: ['15m'],
    }),
    max_addresses: Count({
      description: 'Addresses whose answers are remembered in a process, about 300 bytes each.',
      minimum: 100,
      maximum: 1_000_000,
      default: 20_000,
      examples: [100_000],
    }),
    max_lookups: Count({
      description: 'Addresses that are asked about at a time in a process; further ones count as not answered.',
      minimum: 1,
      maximum: 4096,
      default: 256,
      examples: [64],
    }),
  },
  {
    description:
      'Lists of addresses in the DNS (RFC 5782). They are asked only about logins that no remembered login stands for.',
    default: {},
  },
);
