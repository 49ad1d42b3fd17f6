/** The ACL user that docs/guides/state.md tells operators to make, with its password. Prefix of keys: `test`. */
export const LEAST_RIGHTS =
  'user nauthilus on >nauthilus-password ~test:* &test:* -@all +@read +@write +@scripting +@pubsub +@connection -@dangerous +time +info +cluster|slots +cluster|info';

export const LEAST_USER = { username: 'nauthilus', password: 'nauthilus-password' } as const;
