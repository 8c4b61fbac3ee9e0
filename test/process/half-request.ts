import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { TestContext } from 'node:test';

/**
 * Sends a request and half of its body, and knows that it reached the proxy: that asked for the body. Calling what it
 * resolves to sends the rest and resolves to the answer, to the end of the connection.
 */
export async function beginRequest(
  t: TestContext,
  port: number,
  host: string,
): Promise<() => Promise<string>> {
  const socket = connect(port, '127.0.0.1').setEncoding('latin1');
  t.after(() => socket.destroy());
  const head = `POST /api HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n`;
  socket.write(head);
  const [interim] = (await once(socket, 'data')) as [string];
  assert.match(interim, /^HTTP\/1\.1 100 /);
  socket.write('12345');
  return async () => {
    let answer = '';
    socket.on('data', (text: string) => (answer += text));
    socket.write('67890');
    await once(socket, 'end');
    return answer;
  };
}

/** Resolves when the port is closed, which it is as soon as a drain begins. */
export async function untilRefused(port: number): Promise<void> {
  for (let tries = 0; tries < 10_000; tries += 1) {
    const socket = connect(port, '127.0.0.1');
    const refused = await Promise.race([
      once(socket, 'connect').then(() => false),
      once(socket, 'error').then(() => true),
    ]).catch(() => true);
    socket.destroy();
    if (refused) return;
  }
  assert.fail(`port ${port} is still open`);
}
