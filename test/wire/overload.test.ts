import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { CLIENT_PREFACE } from '../../src/dataplane/http2/frames.ts';
import { startUpstream } from '../blackbox/harness/upstream.ts';
import { startProduct } from './harness/product.ts';

/** What each level means on the wire is in test/blackbox/overload.test.ts, where it begins and ends in src/cli. */
test('beyond its memory limit the product takes no connections, but probes and metrics answer', async (t) => {
  const upstream = await startUpstream(t, (_request, response) => response.end('hello'));
  const product = await startProduct(t, {
    endpoints: [upstream.port],
    flags: ['--memory-limit-mib=20'],
  });
  const clients = [
    { port: product.httpPort, words: 'GET / HTTP/1.1\r\nHost: app.test\r\n\r\n' },
    { port: product.httpPort, words: CLIENT_PREFACE },
    // The first byte of a TLS handshake.
    { port: product.httpsPort, words: '\x16' },
  ];
  for (const { port, words } of clients) {
    const socket = connect(port, '127.0.0.1').resume();
    socket.on('error', () => undefined);
    socket.write(words, 'latin1');
    await new Promise((resolve) => socket.once('close', resolve));
    assert.equal(socket.bytesRead, 0);
  }
  assert.equal(await product.adminStatus('/healthz'), 200);
  assert.equal(await product.adminStatus('/readyz'), 200);
  assert.equal(await product.metric('ts_nginx_memory_limit_bytes'), 20 * 1024 * 1024);
  assert.equal(
    await product.metric('ts_nginx_limits_tripped_total', 'limit="overload"'),
    clients.length,
  );
});
