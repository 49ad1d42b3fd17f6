import { changesDaily, commutes, forgetful, oldPhone, owner, stays } from '../owners.ts';
import { addAccounts, HOUR_MS, MINUTE_MS, pace, type Scenario } from './scenario.ts';

const OFFICE = '192.0.2.10';

/** Nobody attacks: nobody may be refused. */
export const EVERYDAY: readonly Scenario[] = [
  {
    name: 'office NAT, 500 users, 5 % old passwords',
    about: 'From the first minute on: no network is known yet.',
    days: 2,
    build(world, scale) {
      world.ledger.addOffice(OFFICE);
      const names = addAccounts(world, scale === 'tiny' ? 100 : 500);
      const at = stays(OFFICE);
      return [
        ...names.map((account, i) =>
          owner({ account, at, everyMs: pace(scale, 3 * HOUR_MS), firstAtMs: i * 1200, mistypes: 0.02 }),
        ),
        ...names
          .filter((_, i) => i % 20 === 7)
          .map((account, i) => oldPhone({ account, at, everyMs: pace(scale, 5 * MINUTE_MS), firstAtMs: i * 12_000 })),
      ];
    },
  },
  {
    name: 'mobile users, another address each day',
    about: 'A provider gives 100 users addresses of one /16 of IPv4 and one /40 of IPv6.',
    days: 7,
    build(world) {
      return addAccounts(world, 100).map((account, i) => {
        const mixed = (day: number) => Math.imul(i * 7919 + day * 104_729, 0x9e3779b1) >>> 0;
        const address = (day: number) =>
          i % 2 === 0
            ? `100.64.${(mixed(day) >>> 8) & 255}.${mixed(day) & 255}`
            : `2001:db8:${(mixed(day) & 255) + 256}:${((mixed(day) >>> 8) & 0xfff) + 1}:2:3:4:5`.replace(
                /:(\d+):/g,
                ':$1:',
              );
        return owner({
          account,
          at: changesDaily(address),
          everyMs: 2 * HOUR_MS,
          firstAtMs: i * 4000,
          mistypes: 0.005,
        });
      });
    },
  },
  {
    name: 'webmail behind one address, 2,000 users',
    about: 'A webmail that does not tell the addresses of its users; 3 % of logins begin with a typing error.',
    days: 2,
    build(world) {
      world.ledger.addOffice('198.51.100.25');
      return addAccounts(world, 2000).map((account, i) =>
        owner({
          account,
          at: stays('198.51.100.25'),
          everyMs: 4 * HOUR_MS,
          firstAtMs: i * 5000,
          mistypes: 0.03,
        }),
      );
    },
  },
  {
    name: 'privacy addresses of IPv6',
    about: 'A household of 6 whose programs change their addresses within one /64 at every login.',
    days: 7,
    build(world) {
      let made = 0;
      const at = () => {
        made += 1;
        return `2001:db8:77:1:${((made * 7919) & 0xfff) + 1}:${(made & 0xfff) + 1}:1:1`;
      };
      const names = addAccounts(world, 6);
      return [
        ...names.map((account) => owner({ account, at, everyMs: 10 * MINUTE_MS, mistypes: 0.01 })),
        oldPhone({ account: names[0] ?? '', at, everyMs: 5 * MINUTE_MS }),
      ];
    },
  },
  {
    name: 'traveller',
    about: 'Another country each day, with a typing error now and then.',
    days: 20,
    build(world) {
      const at = changesDaily((day) => `${20 + day}.10.20.30`);
      return addAccounts(world, 1).map((account) => owner({ account, at, everyMs: HOUR_MS, mistypes: 0.1 }));
    },
  },
  {
    name: 'forgotten password, 10 tries',
    about: '50 people, half of them in a network that is new to their account.',
    days: 2,
    build(world, scale) {
      return addAccounts(world, 50).flatMap((account, i) => {
        const home = `203.0.${i}.7`;
        return [
          owner({ account, at: commutes(home, home), everyMs: pace(scale, 3 * HOUR_MS) }),
          forgetful(account, i % 2 === 0 ? home : `198.18.${i}.7`, 10, 26 * HOUR_MS + i * MINUTE_MS),
        ];
      });
    },
  },
];
