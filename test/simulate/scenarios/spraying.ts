import { attacker, botAddress, guess, withinPrefix48 } from '../attackers.ts';
import { owner, stays } from '../owners.ts';
import { addAccounts, HOUR_MS, MINUTE_MS, type Scale, type Scenario } from './scenario.ts';

const BEGINS_MS = 6 * HOUR_MS;
const OFFICE = '192.0.2.10';

function sized(scale: Scale, full: number): number {
  return { tiny: 200, small: 5000, full }[scale];
}

function sprayed(name: string, addressOf: (n: number) => string): Scenario {
  return {
    name: `spraying out of ${name}`,
    about: 'One password at 100,000 accounts, ten a second.',
    days: 2,
    build(world, scale) {
      const count = sized(scale, 100_000);
      const names = addAccounts(world, count);
      return [
        attacker({
          account: (n) => names[n] ?? '',
          password: () => 'Summer2030!',
          address: addressOf,
          attempts: count,
          perSecond: 10,
          beginsAtMs: BEGINS_MS,
        }),
      ];
    },
  };
}

/** Few passwords at many accounts. */
export const SPRAYING: readonly Scenario[] = [
  sprayed('one address', () => '198.51.100.66'),
  sprayed('a /24', (n) => `198.51.100.${n & 255}`),
  sprayed('a /48', withinPrefix48('2001:db8:bad')),
  {
    name: 'credential stuffing, 1 % right, one address',
    about: 'Pairs of another site: one guess for each account.',
    days: 3,
    build(world, scale) {
      const count = sized(scale, 100_000);
      const names = addAccounts(world, count);
      return [
        attacker({
          account: (n) => names[n] ?? '',
          password: (n) => (n % 100 === 50 ? `right ${n}` : guess(n)),
          address: () => '198.51.100.66',
          attempts: count,
          perSecond: 5,
          beginsAtMs: BEGINS_MS,
        }),
      ];
    },
  },
  {
    name: 'credential stuffing, 1 % right, 10,000 addresses',
    about: 'Pairs of another site: one guess for each account.',
    days: 3,
    build(world, scale) {
      const count = sized(scale, 100_000);
      const names = addAccounts(world, count);
      return [
        attacker({
          account: (n) => names[n] ?? '',
          password: (n) => (n % 100 === 50 ? `right ${n}` : guess(n)),
          address: botAddress(10_000),
          attempts: count,
          perSecond: 5,
          beginsAtMs: BEGINS_MS,
        }),
      ];
    },
  },
  {
    name: 'attacker inside the office NAT',
    about: '500 colleagues are sprayed, then the manager is guessed at, who also works at home.',
    days: 4,
    build(world) {
      world.ledger.addOffice(OFFICE);
      const names = addAccounts(world, 500);
      const manager = 'manager@example.test';
      world.addAccount(manager, 'right');
      const inside = { address: () => OFFICE, beginsAtMs: 30 * HOUR_MS } as const;
      return [
        ...names.map((account, i) => owner({ account, at: stays(OFFICE), everyMs: 4 * HOUR_MS, firstAtMs: i * 1000 })),
        owner({ account: manager, at: stays('203.0.113.7'), everyMs: 15 * MINUTE_MS }),
        attacker({
          ...inside,
          account: (n) => names[n % 500] ?? '',
          password: (n) => `Spring${Math.floor(n / 500)}`,
          attempts: 5000,
          perSecond: 0.5,
        }),
        attacker({ ...inside, account: () => manager, password: guess, attempts: 5000, perSecond: 0.1 }),
      ];
    },
  },
  {
    name: 'attacker beside his victim',
    about: 'He guesses at a colleague out of the same office; the colleague also has a phone at home.',
    days: 4,
    build(world) {
      world.ledger.addOffice(OFFICE);
      const names = addAccounts(world, 100);
      const [victim = ''] = names;
      return [
        ...names
          .slice(1)
          .map((account, i) => owner({ account, at: stays(OFFICE), everyMs: HOUR_MS, firstAtMs: i * 1000 })),
        owner({ account: victim, at: stays(OFFICE), everyMs: HOUR_MS, by: 'victim' }),
        owner({ account: victim, at: stays('203.0.113.7'), everyMs: 15 * MINUTE_MS }),
        attacker({
          account: () => victim,
          password: guess,
          address: () => OFFICE,
          attempts: 5000,
          perSecond: 0.05,
          beginsAtMs: 30 * HOUR_MS,
        }),
      ];
    },
  },
  {
    name: '1,000,000 attacking addresses',
    about: 'Five accounts that exist and names that do not, one guess from each address: how much memory it takes.',
    days: 2,
    build(world, scale) {
      const count = { tiny: 2000, small: 20_000, full: 1_000_000 }[scale];
      const names = addAccounts(world, 5);
      return [
        ...names.map((account, i) => owner({ account, at: stays(`203.0.${i}.7`), everyMs: HOUR_MS })),
        attacker({
          account: (n) => (n % 2 === 0 ? (names[(n / 2) % 5] ?? '') : `nobody${n}@example.test`),
          password: guess,
          address: botAddress(count),
          attempts: count,
          beginsAtMs: BEGINS_MS,
          perSecond: count / (36 * 3600),
        }),
      ];
    },
  },
];
