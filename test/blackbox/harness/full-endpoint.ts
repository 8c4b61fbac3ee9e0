import { once } from 'node:events';
import { connect } from 'node:net';
import type { TestContext } from 'node:test';
import { Worker } from 'node:worker_threads';
import type { Endpoint } from '../../../src/model/config.ts';

/** Listens, and then never comes to accept anybody. */
const SLEEPER = `
  const { createServer } = require('node:net');
  const { parentPort } = require('node:worker_threads');
  const server = createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
    setImmediate(() => {
      parentPort.postMessage(server.address().port);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    });
  });
`;
/** What Linux lets wait where the backlog is 1. */
const QUEUE = 2;

/** An endpoint whose queue is full: who connects to it hears nothing. */
export async function fullEndpoint(t: TestContext): Promise<Endpoint> {
  const worker = new Worker(SLEEPER, { eval: true });
  t.after(() => worker.terminate());
  const [port] = (await once(worker, 'message')) as [number];
  for (let waiting = 0; waiting < QUEUE; waiting++) {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    t.after(() => socket.destroy());
    await once(socket, 'connect');
  }
  return { address: '127.0.0.1', port };
}
