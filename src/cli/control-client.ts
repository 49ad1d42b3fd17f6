/**
 * How commands talk to the running service: HTTP over its control socket, without a credential.
 *
 * @module
 */
import { readFile } from 'node:fs/promises';
import { request } from 'node:http';
import path from 'node:path';
import { ConfigError } from '../config/config-error.ts';
import { loadConfig } from '../config/load.ts';
import { parseYamlSource, type SourceNode } from '../config/yaml-source.ts';
import { usualControlSocket } from '../wire/control/control-config.ts';
import { CommandError } from './command-io.ts';

export interface ControlCall {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** With its query. */
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly deadlineMs?: number;
}

export interface ControlReply {
  readonly status: number;
  readonly body: string;
}

const DEADLINE_MS = 30_000;
const MAX_REPLY_BYTES = 64 * 1024 * 1024;

/**
 * The control socket of the service that runs with a configuration file. The file may be broken by now: then what can be read
 * of it counts.
 */
export async function findControlSocket(file: string, env: NodeJS.ProcessEnv): Promise<string> {
  try {
    return (await loadConfig(file, env)).control.socket;
  } catch (cause) {
    if (!(cause instanceof ConfigError)) throw cause;
  }
  const folder = path.dirname(path.resolve(file));
  const named = socketIn(await readFile(file, 'utf8').catch(() => ''), env);
  return named === undefined ? usualControlSocket(folder) : path.resolve(folder, named);
}

function socketIn(text: string, env: NodeJS.ProcessEnv): string | undefined {
  const source = parseYamlSource(text, env);
  if (source.kind === 'problems') return undefined;
  const socket = entryOf(entryOf(source.root, 'control'), 'socket');
  return socket?.kind === 'value' && typeof socket.value === 'string' ? socket.value : undefined;
}

function entryOf(node: SourceNode | undefined, key: string): SourceNode | undefined {
  return node?.kind === 'table' ? node.entries.find((entry) => entry.key === key)?.value : undefined;
}

/** Asks the running service. @throws {CommandError} where it does not run, may not be asked, or does not answer in time */
export async function askService(socket: string, call: ControlCall): Promise<ControlReply> {
  const { deadlineMs = DEADLINE_MS } = call;
  try {
    return await exchange(socket, call, AbortSignal.timeout(deadlineMs));
  } catch (cause) {
    throw new CommandError(explain(cause as NodeJS.ErrnoException, socket, deadlineMs), 1, { cause });
  }
}

function exchange(socketPath: string, call: ControlCall, signal: AbortSignal): Promise<ControlReply> {
  const { method, path: target, body } = call;
  const content = body === undefined ? '' : JSON.stringify(body);
  const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(content) };
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath, method, path: target, headers, signal, agent: false }, (res) => {
      const pieces: Buffer[] = [];
      let bytes = 0;
      res.on('data', (piece: Buffer) => {
        pieces.push(piece);
        bytes += piece.length;
        if (bytes > MAX_REPLY_BYTES) res.destroy(new Error('the answer is larger than 64 MiB'));
      });
      res.once('error', reject);
      res.once('end', () => resolve({ status: res.statusCode ?? 0, body: Buffer.concat(pieces).toString('utf8') }));
    });
    sent.once('error', reject);
    sent.end(content);
  });
}

function explain({ code, name, message }: NodeJS.ErrnoException, socket: string, deadlineMs: number): string {
  if (code === 'ENOENT') return `no service runs: there is no control socket ${socket}`;
  if (code === 'ECONNREFUSED') return `no service runs: nobody answers at the control socket ${socket}`;
  if (code === 'EACCES' || code === 'EPERM')
    return `the control socket ${socket} may not be opened by this user; be the user the service runs as, or root`;
  if (name === 'TimeoutError' || code === 'ABORT_ERR')
    return `the service did not answer within ${Math.round(deadlineMs / 1000)} s at the control socket ${socket}`;
  return `the service cannot be asked at the control socket ${socket}: ${message}`;
}
