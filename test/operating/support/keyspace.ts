import { Redis } from 'ioredis';

/** What a Redis holds, with the values of all keys whose form is known; times at which they end are left out. */
export async function dump(socket: string): Promise<Readonly<Record<string, unknown>>> {
  const client = new Redis(socket);
  try {
    const found: Record<string, unknown> = {};
    for (const key of (await client.keys('*')).toSorted()) found[key] = await valueOf(client, key);
    return found;
  } finally {
    client.disconnect();
  }
}

async function valueOf(client: Redis, key: string): Promise<unknown> {
  switch (await client.type(key)) {
    case 'hash':
      return (await client.hkeys(key)).toSorted();
    case 'zset':
      return client.zrange(key, '0', '-1');
    case 'string':
      return client.get(key);
    default:
      return undefined;
  }
}
