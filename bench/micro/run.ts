import { parseRequestHead } from '../../src/dataplane/http1/request-head.ts';
import { parseResponseHead } from '../../src/dataplane/http1/response-head.ts';
import { normaliseTarget } from '../../src/dataplane/normalise-path.ts';
import { Table } from '../../src/dataplane/table.ts';
import type { AccessLogSettings } from '../../src/model/settings.ts';
import { compileLogFormat } from '../../src/observability/log-format.ts';
import { createLogger } from '../../src/observability/logger.ts';
import { WorkerStats } from '../../src/observability/worker-stats.ts';
import { logKeys } from '../../src/translate/configmap/log-keys.ts';
import { sampleDelta, sampleHost, sampleRoute } from '../../test/unit/sample-config.ts';
import { sampleExchangeRecord } from '../../test/unit/sample-exchange-record.ts';
import { benchHosts } from '../manifests.ts';
import { balancingCases } from './balancing.ts';
import { runMicro } from './harness.ts';
import { hpackCases } from './hpack.ts';
import { patternCases } from './patterns.ts';

/** `node bench/micro/run.ts`: what the functions cost that every exchange goes through. */
const hosts = benchHosts(5_000);
const paths = ['/', '/api', '/api/v1', '/static', '/login'];
const requestLimits = {
  requestLineBytes: 8192,
  fieldLineBytes: 8192,
  headBytes: 32_768,
  maxFields: 100,
  allowUnderscores: false,
  keptNames: new Set<string>(),
};
const responseLimits = { headBytes: 16_384, maxFields: 100, maxInterimAnswers: 8 };

const requestHead = Buffer.from(
  'GET /api/v1/orders?page=2 HTTP/1.1\r\nHost: site-7.bench.example\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\n' +
    'Accept: text/html,application/xhtml+xml\r\nAccept-Language: en,de;q=0.5\r\nAccept-Encoding: gzip, br\r\n' +
    'Cookie: session=0123456789abcdef\r\nConnection: keep-alive\r\n\r\n',
);
const responseHead = Buffer.from(
  'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 128\r\nCache-Control: no-store\r\n' +
    'Date: Wed, 07 Oct 2026 13:55:36 GMT\r\nConnection: keep-alive\r\n\r\n',
);

function fullTable(): Table {
  const table = new Table(createLogger({ level: 'silent' }));
  const routes = paths.map((path) => sampleRoute({ kind: 'prefix', path }));
  const set = hosts.map((name) => sampleHost({ name, routes }));
  table.apply(sampleDelta({ virtualHosts: { set, remove: [] } }));
  return table;
}

const table = fullTable();
const template: AccessLogSettings & { kind: 'on' } = {
  kind: 'on',
  format: { kind: 'template', text: logKeys['log-format-upstream'].default },
  escape: 'default',
};
const templateLine = compileLogFormat(template);
const jsonLine = compileLogFormat({ ...template, format: { kind: 'json' } });
const stats = new WorkerStats();
const requestFields = {
  names: ['User-Agent', 'Accept', 'Accept-Language', 'Accept-Encoding', 'Cookie'],
  values: ['Mozilla/5.0', 'text/html', 'en,de;q=0.5', 'gzip, br', 'session=0123456789abcdef'],
};
const records = hosts
  .slice(0, 100)
  .map((virtualHost) => sampleExchangeRecord({ virtualHost, requestFields }));
const [record = sampleExchangeRecord()] = records;

runMicro([
  {
    name: 'parse a request head of 7 fields',
    run: () => parseRequestHead(requestHead, 0, requestLimits),
  },
  {
    name: 'parse a response head of 5 fields',
    run: () =>
      parseResponseHead(responseHead, 0, { method: 'GET', upgrade: false }, responseLimits),
  },
  { name: 'normalise a plain target', run: () => normaliseTarget('/api/v1/orders?page=2') },
  { name: 'normalise a target with escapes', run: () => normaliseTarget('/a%20b/./c/../d%2e') },
  {
    name: 'find one of 5,000 hosts, and one of its 5 routes',
    run: (turn) => table.host(hosts[turn % hosts.length] ?? '')?.match('/api/v1/orders'),
  },
  { name: 'miss: a host that nobody defines', run: () => table.host('nobody.example.org') ?? null },
  { name: 'access line, default format', run: () => templateLine(record) },
  { name: 'access line, JSON', run: () => jsonLine(record) },
  {
    name: 'count an exchange, 100 routes in turn',
    run: (turn) => {
      stats.exchangeFinished(records[turn % records.length] ?? record);
      return turn;
    },
  },
  ...hpackCases,
  ...patternCases,
  ...balancingCases(1_000),
]);
