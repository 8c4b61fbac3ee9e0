import { Agent, request } from 'node:http';
import type { LoadOptions, Sender } from './steady-load.ts';

const LONGEST_MS = 30_000;

/** Requests over kept connections of HTTP/1.1. */
export function createHttp1Sender(options: LoadOptions): Sender {
  const agent = new Agent({ keepAlive: true, maxSockets: options.maxSockets ?? 100 });
  return {
    send(done) {
      send(agent, options, done);
    },
    close() {
      agent.destroy();
    },
  };
}

function send(agent: Agent, options: LoadOptions, done: (fault: string | undefined) => void): void {
  const { port, path = '/', body } = options;
  let isDone = false;
  const once = (fault: string | undefined): void => {
    if (isDone) return;
    isDone = true;
    done(fault);
  };
  const sending = request(
    { host: '127.0.0.1', port, path, agent, method: body === undefined ? 'GET' : 'POST' },
    (response) => {
      response.resume();
      response.on('end', () => {
        once(response.statusCode === 200 ? undefined : String(response.statusCode));
      });
      response.on('error', () => {
        once('cut');
      });
    },
  );
  sending.setTimeout(LONGEST_MS, () => sending.destroy(new Error('silence')));
  sending.on('error', (error: NodeJS.ErrnoException) => {
    // A kept connection that closes as a request is sent on it: any client of HTTP asks again (RFC 9110 9.2.2).
    const isRace = sending.reusedSocket && error.code === 'ECONNRESET';
    if (isRace && body === undefined) send(agent, options, once);
    else once(error.code ?? error.message);
  });
  sending.end(body);
}
