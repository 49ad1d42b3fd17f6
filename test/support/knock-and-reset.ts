import { execFileSync } from 'node:child_process';

const KNOCK = `
const { connect } = require('node:net');
const socket = connect(Number(process.argv[1]), '127.0.0.1', () => socket.resetAndDestroy());
`;

/** Connects to a port of this process and resets the connection, all before this process can accept it. */
export function knockAndReset(port: number): void {
  execFileSync(process.execPath, ['-e', KNOCK, String(port)], { timeout: 10_000 });
}
