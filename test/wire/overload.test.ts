import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { startUpstream } from '../blackbox/harness/upstream.ts';
import { startProduct } from './harness/product.ts';

/** What each level means on the wire is in test/blackbox/overload.test.ts, where it begins and ends in src/cli. */
test('beyond its memory limit the product takes no connections, but probes and metrics answer', async (t) => {
  const upstream = await startUpstream(t, (_request, response) => response.end('hello'));
  const product = await startProduct(t, {
    endpoints: [upstream.port],
    flags: ['--memory-limit-mib=20'],
  });
  const socket = connect(product.httpPort, '127.0.0.1').resume();
  socket.on('error', () => undefined);
  socket.write('GET / HTTP/1.1\r\nHost: app.test\r\n\r\n');
  await new Promise((resolve) => socket.once('close', resolve));
  assert.equal(socket.bytesRead, 0);
  assert.equal(await product.adminStatus('/healthz'), 200);
  assert.equal(await product.adminStatus('/readyz'), 200);
  assert.equal(await product.metric('ts_nginx_memory_limit_bytes'), 20 * 1024 * 1024);
  assert.equal(await product.metric('ts_nginx_limits_tripped_total', 'limit="overload"'), 1);
});
