import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { TestContext } from 'node:test';

/** What a name has, or how the server fails on it. Names that it does not know do not exist. */
export type Zone = Map<string, Entry | 'servfail' | 'mute'>;

export interface Entry {
  readonly a?: readonly string[];
  readonly aaaa?: readonly string[];
  readonly ttl: number;
}

const TYPE_A = 1;
const TYPE_AAAA = 28;
const RCODE = { servfail: 2, nxdomain: 3 };

/** A DNS server on loopback, as small as RFC 1035 allows. */
export class DnsServer {
  readonly zone: Zone = new Map();
  /** Names of the questions for A, in order. */
  readonly questions: string[] = [];
  readonly #socket: Socket = createSocket('udp4');
  readonly #waiting = new Set<() => void>();

  async listen(): Promise<void> {
    this.#socket.on('message', (query, peer) => {
      this.#answer(query, peer);
    });
    this.#socket.bind(0, '127.0.0.1');
    await once(this.#socket, 'listening');
  }

  get address(): string {
    return `127.0.0.1:${this.#socket.address().port}`;
  }

  close(): void {
    this.#socket.close();
  }

  /** Resolves when a name has been asked for so many times. */
  async asked(name: string, times: number): Promise<void> {
    while (this.questions.filter((question) => question === name).length < times) {
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  #answer(query: Buffer, peer: RemoteInfo): void {
    const { name, type, end } = parseQuestion(query);
    if (type === TYPE_A) this.questions.push(name);
    const found = this.zone.get(name);
    if (found !== 'mute') {
      const answer = buildAnswer(query.subarray(0, end), type, found);
      this.#socket.send(answer, peer.port, peer.address);
    }
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}

export async function startDnsServer(t: TestContext): Promise<DnsServer> {
  const server = new DnsServer();
  await server.listen();
  t.after(() => {
    server.close();
  });
  return server;
}

/** RFC 1035 §4.1.2; `end` is the position after the question. */
function parseQuestion(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query.readUInt8(at); length !== 0; length = query.readUInt8(at)) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 };
}

function buildAnswer(
  question: Buffer,
  type: number,
  found: Entry | 'servfail' | undefined,
): Buffer {
  const head = Buffer.from(question);
  const rcode = found === undefined ? RCODE.nxdomain : found === 'servfail' ? RCODE.servfail : 0;
  const records = typeof found === 'object' ? recordsOf(found, type) : [];
  head.writeUInt16BE(0x8180 | rcode, 2); // response, recursion desired and available
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(records.length, 6);
  head.writeUInt32BE(0, 8);
  return Buffer.concat([head, ...records]);
}

function recordsOf({ a = [], aaaa = [], ttl }: Entry, type: number): Buffer[] {
  const data =
    type === TYPE_A ? a.map(bytesOfIpv4) : type === TYPE_AAAA ? aaaa.map(bytesOfIpv6) : [];
  return data.map((bytes) => {
    const record = Buffer.alloc(12);
    record.writeUInt16BE(0xc00c, 0); // the name of the question
    record.writeUInt16BE(type, 2);
    record.writeUInt16BE(1, 4); // IN
    record.writeUInt32BE(ttl, 6);
    record.writeUInt16BE(bytes.length, 10);
    return Buffer.concat([record, bytes]);
  });
}

function bytesOfIpv4(address: string): Buffer {
  return Buffer.from(address.split('.').map(Number));
}

/** Of an address written with one `::`. */
function bytesOfIpv6(address: string): Buffer {
  const [left = [], right = []] = address.split('::').map((half) => half.split(':'));
  const groups = [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right];
  return Buffer.from(groups.map((group) => group.padStart(4, '0')).join(''), 'hex');
}
