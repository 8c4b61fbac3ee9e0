import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WebSocketServer } from 'ws';
import { selfSignedCertificate } from '../blackbox/harness/self-signed.ts';
import { startProxy } from '../blackbox/harness/start-proxy.ts';
import { startUpstream } from '../blackbox/harness/upstream.ts';
import { browser, loadPage } from './load-page.ts';

/** Fetches, posts and talks over a WebSocket, then writes what it saw into the page; it counts as loaded when its image came. */
const PAGE = `<!doctype html><title>h2</title><p id=result>not done</p><img src=/held><script type=module>
const bodies = await Promise.all(Array.from({ length: 60 }, async (_, i) => (await fetch('/part/' + i)).text()));
const posted = await (await fetch('/echo', { method: 'POST', body: 'a'.repeat(300000) })).text();
const said = await new Promise((resolve, reject) => {
  const socket = new WebSocket('wss://' + location.host + '/chat');
  socket.onopen = () => socket.send('hello');
  socket.onmessage = (event) => resolve(event.data);
  socket.onerror = () => reject(new Error('no WebSocket'));
});
const protocols = new Set(performance.getEntriesByType('resource').map((entry) => entry.nextHopProtocol));
document.getElementById('result').textContent =
  JSON.stringify([bodies.every((text, i) => text === 'part ' + i), posted, said, [...protocols]]);
await fetch('/done');
</script>`;

test(
  'a browser speaks HTTP/2, and WebSocket within it',
  { skip: browser === undefined },
  async (t) => {
    const done = Promise.withResolvers<undefined>();
    const upstream = await startUpstream(t, (incoming, response) => {
      let bytes = 0;
      incoming.on('data', (chunk: Buffer) => (bytes += chunk.length));
      incoming.on('end', () => {
        if (incoming.url === '/') response.setHeader('Content-Type', 'text/html');
        const [, kind, number] = (incoming.url ?? '').split('/');
        if (kind === 'done') done.resolve(undefined);
        if (kind === 'held') void done.promise.then(() => response.end());
        else if (kind === 'part') response.end(`part ${number ?? ''}`);
        else response.end(kind === 'echo' ? `took ${bytes}` : PAGE);
      });
    });
    const chat = new WebSocketServer({ server: upstream.server });
    chat.on('connection', (socket) => {
      socket.on('error', () => undefined);
      socket.on('message', (message: Buffer) => {
        socket.send(`${message.toString()} yourself`);
      });
    });
    const proxy = await startProxy(t, {
      upstreams: [upstream.endpoint],
      virtualHosts: [{ name: 'app.localhost' }],
      certificates: [selfSignedCertificate('default', ['app.localhost'])],
    });
    const url = `https://app.localhost:${proxy.httpsPort}/`;
    const page = await loadPage(t, url);
    const result = /<p id="?result"?>(.*?)<\/p>/.exec(page)?.[1];
    assert.deepEqual(JSON.parse(result ?? ''), [true, 'took 300000', 'hello yourself', ['h2']]);
    // The WebSocket came as a stream of the one connection (RFC 8441).
    assert.ok(
      proxy.records.some(({ status, protocol }) => status === 101 && protocol === 'HTTP/2.0'),
    );
  },
);
