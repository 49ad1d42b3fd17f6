import { attacker, botAddress, guess, withinPrefix48 } from '../attackers.ts';
import { oldPhone, owner, stays } from '../owners.ts';
import { addAccounts, attemptsAt, HOUR_MS, MINUTE_MS, pace, type Scenario } from './scenario.ts';

const VICTIM = 'user0@example.test';
const BEGINS_MS = 6 * HOUR_MS;

/** A botnet that guesses one account's password, while its owner is at home and logs in every quarter of an hour. */
function botnet(bots: number, attemptsOfEach: number): Scenario {
  const full = bots.toLocaleString('en');
  return {
    name: `botnet of ${full} addresses at one account`,
    about: 'Its owner logs in at home every quarter of an hour.',
    days: 3,
    build(world, scale) {
      const size = Math.min(bots, { tiny: 1000, small: 5000, full: bots }[scale]);
      const attempts = attemptsAt(scale, bots * attemptsOfEach);
      addAccounts(world, 1);
      return [
        owner({ account: VICTIM, at: stays('203.0.113.7'), everyMs: pace(scale, 15 * MINUTE_MS) }),
        oldPhone({ account: VICTIM, at: stays('203.0.113.7'), everyMs: pace(scale, 5 * MINUTE_MS) }),
        attacker({
          account: () => VICTIM,
          password: guess,
          address: botAddress(size),
          attempts,
          perSecond: attempts / ((48 * HOUR_MS) / 1000),
          beginsAtMs: BEGINS_MS,
        }),
      ];
    },
  };
}

/** Many passwords at one account. */
export const GUESSING: readonly Scenario[] = [
  {
    name: 'one address at one account',
    about: 'Ten guesses a second.',
    days: 2,
    build(world, scale) {
      addAccounts(world, 1);
      return [
        owner({ account: VICTIM, at: stays('203.0.113.7'), everyMs: pace(scale, 15 * MINUTE_MS) }),
        attacker({
          account: () => VICTIM,
          password: guess,
          address: () => '198.51.100.66',
          attempts: attemptsAt(scale, 1_000_000),
          perSecond: 10,
          beginsAtMs: BEGINS_MS,
        }),
      ];
    },
  },
  {
    name: 'one address at all accounts',
    about: 'Another account and another password each time.',
    days: 2,
    build(world, scale) {
      const names = addAccounts(world, 1000);
      return [
        attacker({
          account: (n) => names[n % 1000] ?? '',
          password: guess,
          address: () => '198.51.100.66',
          attempts: attemptsAt(scale, 200_000),
          perSecond: 2,
          beginsAtMs: BEGINS_MS,
        }),
      ];
    },
  },
  botnet(1000, 50),
  botnet(10_000, 10),
  botnet(100_000, 5),
  {
    name: 'slow botnet, one guess an hour',
    about: '1,000 addresses for four days.',
    days: 5,
    build(world, scale) {
      const bots = { tiny: 20, small: 200, full: 1000 }[scale];
      addAccounts(world, 1);
      return [
        owner({ account: VICTIM, at: stays('203.0.113.7'), everyMs: pace(scale, 15 * MINUTE_MS) }),
        attacker({
          account: () => VICTIM,
          password: guess,
          address: botAddress(bots),
          attempts: 96 * bots,
          perSecond: bots / 3600,
          beginsAtMs: BEGINS_MS,
        }),
      ];
    },
  },
  {
    name: 'rotating through a /48',
    about: 'Another address of IPv6 for each guess; 20 accounts.',
    days: 2,
    build(world, scale) {
      const names = addAccounts(world, 20);
      return [
        ...names.map((account, i) => owner({ account, at: stays(`203.0.113.${i}`), everyMs: pace(scale, HOUR_MS) })),
        attacker({
          account: (n) => names[n % 20] ?? '',
          password: guess,
          address: withinPrefix48('2001:db8:bad'),
          attempts: attemptsAt(scale, 200_000),
          perSecond: 2,
          beginsAtMs: BEGINS_MS,
        }),
      ];
    },
  },
  {
    name: 'locking an owner out',
    about: 'Wrong passwords from everywhere; the owner has three places and a phone with an old password.',
    days: 4,
    build(world, scale) {
      addAccounts(world, 1);
      const places = ['203.0.113.7', '198.51.100.7', '2001:db8:5:5:5:5:5:5'];
      return [
        ...places.map((place) =>
          owner({ account: VICTIM, at: stays(place), everyMs: pace(scale, 30 * MINUTE_MS), mistypes: 0.05 }),
        ),
        oldPhone({ account: VICTIM, at: stays('203.0.113.7'), everyMs: pace(scale, 5 * MINUTE_MS) }),
        attacker({
          account: () => VICTIM,
          password: guess,
          address: botAddress(5000),
          attempts: attemptsAt(scale, 250_000),
          perSecond: { tiny: 0.0025, small: 0.06, full: 1 }[scale],
          beginsAtMs: BEGINS_MS,
        }),
      ];
    },
  },
];
