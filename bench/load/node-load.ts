import { once } from 'node:events';
import { connect } from 'node:net';
import type { LoadGenerator, LoadResult, LoadShape } from './load.ts';
import { programShape, runProgram } from './program.ts';

/**
 * Load from Node itself, where there is no wrk. It costs more than the proxy that it measures, so it can't show what a
 * proxy is able to serve; CPU time per request it shows all the same, if less sharply.
 */
export const nodeLoad: LoadGenerator = {
  name: 'own generator (weaker than wrk)',
  run: (shape) => runProgram('node-load', shape),
};

/** Counters of one run. */
class Run {
  readonly #shape: LoadShape;
  readonly #requests: readonly Buffer[];
  readonly #latenciesMs: number[] = [];
  #position = 0;
  #failed = 0;
  #bytes = 0;
  #isOver = false;

  constructor(shape: LoadShape) {
    this.#shape = shape;
    const { requestBodyBytes: length } = shape;
    const start = length === 0 ? 'GET' : 'POST';
    const end = length === 0 ? '\r\n' : `Content-Length: ${length}\r\n\r\n${'x'.repeat(length)}`;
    const fields = Object.entries(shape.requestFields).map(
      ([name, value]) => `${name}: ${value}\r\n`,
    );
    this.#requests = shape.hosts.map((host) =>
      Buffer.from(`${start} / HTTP/1.1\r\nHost: ${host}\r\n${fields.join('')}${end}`),
    );
  }

  async result(): Promise<LoadResult> {
    const startedAt = performance.now();
    const connections = Array.from({ length: this.#shape.connections }, () => this.#connect());
    setTimeout(() => {
      this.#isOver = true;
    }, this.#shape.seconds * 1000);
    await Promise.all(connections);
    const sorted = this.#latenciesMs.sort((one, other) => one - other);
    return {
      requests: sorted.length,
      seconds: (performance.now() - startedAt) / 1000,
      failed: this.#failed,
      bytes: this.#bytes,
      p50Ms: sorted[Math.floor(sorted.length * 0.5)] ?? 0,
      p99Ms: sorted[Math.floor(sorted.length * 0.99)] ?? 0,
    };
  }

  /** One connection, one request at a time, until the run is over. */
  async #connect(): Promise<void> {
    const { port, pauseMs } = this.#shape;
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    let answer = '';
    let sentAt = 0;
    const send = () => {
      sentAt = performance.now();
      socket.write(this.#requests[this.#position++ % this.#requests.length] ?? '');
    };
    socket.on('connect', send);
    socket.on('data', (chunk) => {
      this.#bytes += chunk.length;
      answer += chunk.toString('latin1');
      if (!isComplete(answer)) return;
      this.#latenciesMs.push(performance.now() - sentAt);
      if (!answer.startsWith('HTTP/1.1 2')) this.#failed++;
      answer = '';
      if (this.#isOver) socket.end();
      else if (pauseMs === undefined) send();
      else setTimeout(send, pauseMs);
    });
    socket.on('error', () => this.#failed++);
    await once(socket, 'close');
    if (!this.#isOver) this.#failed++;
  }
}

function isComplete(answer: string): boolean {
  const head = answer.indexOf('\r\n\r\n');
  if (head < 0) return false;
  const [, length = '0'] = /\r\ncontent-length: *(\d+)/i.exec(answer.slice(0, head)) ?? [];
  return answer.length >= head + 4 + Number(length);
}

if (process.argv[1] === import.meta.filename) {
  const result = await new Run(programShape()).result();
  process.stdout.write(JSON.stringify(result));
}
