/**
 * A DNS server that does to each question what a test says, over UDP and TCP on loopback, and counts what it was asked.
 *
 * @module
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';

type Fault = 'nxdomain' | 'servfail' | 'refused' | 'silence' | 'truncated' | 'garbage';
/** What is done to a question: an address, no such name, an error, no answer, or half an answer so that TCP is asked. */
export type Treatment = Fault | `${number}.${number}.${number}.${number}`;

export interface FaultyDns extends AsyncDisposable {
  readonly address: string;
  /** Names of the questions that came, over UDP and TCP. */
  readonly questions: readonly string[];
}

const CODES: Readonly<Record<string, number>> = { servfail: 2, nxdomain: 3, refused: 5 };
const HEADER_BYTES = 12;

/** @param treat gives what is done to a question; over TCP the answer to what was cut off is `127.0.0.2` */
export async function startFaultyDns(treat: (name: string) => Treatment): Promise<FaultyDns> {
  const questions: string[] = [];
  const answer = (question: Buffer, isTcp: boolean): Buffer | undefined => {
    const name = nameIn(question);
    questions.push(name);
    const treatment = treat(name);
    return answerTo(question, isTcp && treatment === 'truncated' ? '127.0.0.2' : treatment);
  };
  const sockets = new Set<Socket>();
  const tcp = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.on('data', (data: Buffer) => {
      const reply = answer(data.subarray(2), true);
      if (reply === undefined) return;
      const length = Buffer.alloc(2);
      length.writeUInt16BE(reply.length);
      socket.write(Buffer.concat([length, reply]));
    });
  }).listen(0, '127.0.0.1');
  await once(tcp, 'listening');
  const { port } = tcp.address() as { port: number };
  const udp = createSocket('udp4');
  udp.on('message', (question, from) => {
    const reply = answer(question, false);
    if (reply !== undefined) udp.send(reply, from.port, from.address);
  });
  udp.bind(port, '127.0.0.1');
  await once(udp, 'listening');
  return {
    address: `127.0.0.1:${port}`,
    questions,
    async [Symbol.asyncDispose]() {
      udp.close();
      for (const socket of sockets) socket.destroy();
      tcp.close();
      await once(tcp, 'close');
    },
  };
}

function nameIn(question: Buffer): string {
  const labels: string[] = [];
  for (let at = HEADER_BYTES; question[at]; at += (question[at] ?? 0) + 1)
    labels.push(question.toString('latin1', at + 1, at + 1 + (question[at] ?? 0)));
  return labels.join('.');
}

function answerTo(question: Buffer, treatment: Treatment): Buffer | undefined {
  if (treatment === 'silence') return undefined;
  if (treatment === 'garbage') return Buffer.from([...question.subarray(0, 2), 1, 2, 3]);
  const end = HEADER_BYTES + nameIn(question).length + 2 + 4;
  const asked = question.subarray(HEADER_BYTES, end);
  const header = Buffer.alloc(HEADER_BYTES);
  question.copy(header, 0, 0, 2);
  const isAddress = /^[0-9.]+$/.test(treatment);
  header.writeUInt16BE(0x8180 | (CODES[treatment] ?? 0) | (treatment === 'truncated' ? 0x0200 : 0), 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(isAddress ? 1 : 0, 6);
  if (!isAddress) return Buffer.concat([header, asked]);
  const record = Buffer.from([0xc0, HEADER_BYTES, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ...treatment.split('.').map(Number)]);
  return Buffer.concat([header, asked, record]);
}
