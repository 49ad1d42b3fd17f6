import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { it } from 'node:test';
import { SteadyConnector } from './steady-connector.ts';

it('a connection to Redis that fails twice ends no process, and tells its first failure', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const connector = new SteadyConnector({ host: '127.0.0.1', port });
  const stream = await connector.connect();
  const heard: string[] = [];
  // As the library listens.
  stream.once('error', ({ message }) => heard.push(message));

  stream.emit('error', new Error('refused'));
  stream.emit('error', new Error('alert'));

  assert.deepEqual([heard, connector.firstError?.message], [['refused'], 'refused']);
  connector.disconnect();
  stream.destroy();
  server.close();
});

it('a connection to Redis that is given up before it was opened is not opened', async () => {
  const connector = new SteadyConnector({ host: '127.0.0.1', port: 1 });
  const connected = connector.connect();
  connector.disconnect();

  await assert.rejects(connected, /Connection is closed\./);
});
