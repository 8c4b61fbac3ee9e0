import { once } from 'node:events';
import { connect } from 'node:tls';
import { answerBody } from '../upstreams/answer-body.ts';
import type { LoadGenerator, LoadResult, LoadShape } from './load.ts';
import { percentile } from './percentile.ts';
import { programShape, runProgram } from './program.ts';

/**
 * A TLS 1.3 connection for each request, with a session of the one before or without. It counts which were resumed, as
 * OpenSSL says, because a client that asks to resume is often not let.
 */
export const handshakeLoad: LoadGenerator = {
  name: 'own generator (TLS connections)',
  run: (shape) => runProgram('handshake-load', shape),
};

/** All proxies know it, so that all of them do the same work. */
const GROUP = 'X25519';
const LIMIT_MS = 10_000;

/** Counters of one run. */
class Run {
  readonly #shape: LoadShape;
  readonly #request: string;
  readonly #body: string;
  readonly #latenciesMs: number[] = [];
  #session: Buffer | undefined;
  #failed = 0;
  #resumed = 0;
  #bytes = 0;

  constructor(shape: LoadShape) {
    this.#shape = shape;
    this.#request = `GET / HTTP/1.1\r\nHost: ${shape.hosts[0] ?? ''}\r\nConnection: close\r\n\r\n`;
    this.#body = answerBody(shape.responseBodyBytes);
  }

  async result(): Promise<LoadResult> {
    // Not counted: it brings the session that the others resume.
    if (this.#shape.reconnect === 'resuming') await this.#exchange();
    this.#latenciesMs.length = 0;
    this.#failed = this.#resumed = this.#bytes = 0;
    const startedAt = performance.now();
    const endsAt = startedAt + this.#shape.seconds * 1_000;
    const clients = Array.from({ length: this.#shape.connections }, async () => {
      while (performance.now() < endsAt) await this.#exchange();
    });
    await Promise.all(clients);
    const sorted = this.#latenciesMs.sort((one, other) => one - other);
    return {
      requests: sorted.length,
      seconds: (performance.now() - startedAt) / 1_000,
      failed: this.#failed,
      bytes: this.#bytes,
      p50Ms: percentile(sorted, 0.5),
      p99Ms: percentile(sorted, 0.99),
      resumed: this.#resumed,
    };
  }

  async #exchange(): Promise<void> {
    const { port, hosts, reconnect } = this.#shape;
    const startedAt = performance.now();
    const socket = connect({
      ...{ port, host: '127.0.0.1', servername: hosts[0] ?? '', rejectUnauthorized: false },
      ...{ minVersion: 'TLSv1.3', ecdhCurve: GROUP, ALPNProtocols: ['http/1.1'] },
      ...(reconnect === 'resuming' && this.#session !== undefined
        ? { session: this.#session }
        : {}),
    });
    socket.setTimeout(LIMIT_MS, () => socket.destroy(new Error('timed out')));
    let answer = '';
    socket.on('session', (session) => {
      this.#session = session;
    });
    socket.on('data', (chunk: Buffer) => {
      answer += chunk.toString('latin1');
    });
    socket.on('secureConnect', () => {
      if (socket.isSessionReused()) this.#resumed += 1;
    });
    socket.write(this.#request);
    try {
      await once(socket, 'close');
    } catch {
      this.#failed += 1;
    }
    this.#latenciesMs.push(performance.now() - startedAt);
    this.#bytes += answer.length;
    const isRight = answer.startsWith('HTTP/1.1 200 ') && answer.includes(this.#body);
    if (!isRight) this.#failed += 1;
  }
}

if (process.argv[1] === import.meta.filename) {
  process.stdout.write(JSON.stringify(await new Run(programShape()).result()));
}
