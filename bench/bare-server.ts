/** The yardstick: bare `node:http` and `node:https` servers that read a body and answer a constant. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { readFileSync } from 'node:fs';

const BODY = JSON.stringify({
  ok: true,
  backend: 'accounts',
  account_field: 'user',
  attributes: { home: ['/var/mail/user'] },
});

function answer(req: IncomingMessage, res: ServerResponse): void {
  req.on('data', () => {});
  req.on('end', () => {
    res.writeHead(200, ['Content-Type', 'application/json', 'Content-Length', String(BODY.length)]);
    res.end(BODY);
  });
}

const [httpPort, httpsPort, certificate, key] = process.argv.slice(2) as [string, string, string, string];
createServer({ keepAliveTimeout: 60_000 }, answer).listen(Number(httpPort), '127.0.0.1');
createTlsServer({ keepAliveTimeout: 60_000, cert: readFileSync(certificate), key: readFileSync(key) }, answer).listen(
  Number(httpsPort),
  '127.0.0.1',
);

// A profiler writes what it has found when the process ends by itself.
process.once('SIGTERM', () => process.exit());
