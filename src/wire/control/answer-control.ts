import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Router } from '../http/router.ts';

/** What stands for the address of who asks over the control socket. */
const CONTROL = { address: 'control', peerAddress: 'control' };

/** Brings a request that came over the control socket to its door. */
export function answerControl(router: Router, req: IncomingMessage, res: ServerResponse): void {
  const exchange = router.route(req, res, CONTROL);
  res.once('close', () => router.release(exchange));
}
