import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sampleExchangeRecord } from '../../test/unit/sample-exchange-record.ts';
import { createSeriesLayout, defaultBuckets } from './series-layout.ts';
import { WorkerStats } from './worker-stats.ts';

const { stride } = createSeriesLayout(defaultBuckets);

test('exchanges of one route, status and method are one series', () => {
  const stats = new WorkerStats();
  const { labels } = sampleExchangeRecord();
  for (const changes of [{}, {}, { status: 404 }, { method: 'POST' }, { virtualHost: 'b.com' }]) {
    stats.exchangeFinished(sampleExchangeRecord({ labels, ...changes }));
  }
  const { series, values } = stats.take();
  const counted = series.map(({ virtualHost, status, method }, position) => [
    virtualHost,
    status,
    method,
    values[position * stride],
  ]);
  assert.deepEqual(counted, [
    ['shop.example.com', 200, 'GET', 2],
    ['shop.example.com', 404, 'GET', 1],
    ['shop.example.com', 200, 'POST', 1],
    ['b.com', 200, 'GET', 1],
  ]);
});

test('what was taken is not told again, levels are', () => {
  const stats = new WorkerStats();
  stats.connectionOpened();
  stats.exchangeStarted();
  stats.exchangeStarted();
  stats.exchangeFinished(sampleExchangeRecord());
  stats.limitTripped('request-head');
  const first = stats.take();
  assert.equal(first.bytesReceived, 131);
  assert.equal(first.bytesSent, 812);
  assert.equal(first.connectionsAccepted, 1);
  assert.deepEqual(first.limits, { 'request-head': 1 });
  const second = stats.take();
  assert.deepEqual(second, {
    openConnections: 1,
    exchangesInFlight: 1,
    connectionsAccepted: 0,
    exchangesFinished: 0,
    bytesReceived: 0,
    bytesSent: 0,
    accessLogLinesDropped: 0,
    passthroughOpened: 0,
    passthroughFailed: 0,
    passthroughBytesReceived: 0,
    passthroughBytesSent: 0,
    exchangesWithoutSeries: 0,
    limits: {},
    series: [],
    values: new Float64Array(),
  });
});

test('numbers of one interval do not leak into the next', () => {
  const stats = new WorkerStats();
  for (let status = 200; status < 500; status++) {
    stats.exchangeFinished(sampleExchangeRecord({ status }));
  }
  stats.take();
  stats.exchangeFinished(sampleExchangeRecord());
  const { values } = stats.take();
  assert.equal(values[0], 1);
  assert.equal(values.length, stride);
});

test('methods that clients invent do not multiply series', () => {
  const stats = new WorkerStats();
  const { labels } = sampleExchangeRecord();
  for (let index = 0; index < 100; index++) {
    stats.exchangeFinished(sampleExchangeRecord({ labels, method: `M${index}` }));
  }
  const { series, values } = stats.take();
  assert.deepEqual(
    series.map(({ method }) => method),
    ['OTHER'],
  );
  assert.equal(values[0], 100);
});

test('more series than anybody needs are counted as one', () => {
  const stats = new WorkerStats({
    perRoute: true,
    buckets: { timeSeconds: [], lengthBytes: [], sizeBytes: [] },
  });
  for (let index = 0; index < 50_010; index++) {
    stats.exchangeFinished(sampleExchangeRecord({ virtualHost: `${index}.com` }));
  }
  const report = stats.take();
  assert.equal(report.series.length, 50_000);
  assert.equal(report.exchangesWithoutSeries, 10);
  assert.equal(report.exchangesFinished, 50_010);
});
