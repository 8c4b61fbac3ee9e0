import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { sampleExchangeRecord } from '../../test/unit/sample-exchange-record.ts';
import type { AccessLogSettings } from '../model/settings.ts';
import type { ExchangeRecord } from './exchange-record.ts';
import { compileLogFormat } from './log-format.ts';

type Escape = (AccessLogSettings & { kind: 'on' })['escape'];

/** ingress-nginx's `log-format-upstream`. */
const DEFAULT_FORMAT =
  '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" ' +
  '$request_length $request_time [$proxy_upstream_name] [$proxy_alternative_upstream_name] $upstream_addr ' +
  '$upstream_response_length $upstream_response_time $upstream_status $req_id';

function line(text: string, record: ExchangeRecord, escape: Escape = 'default'): string {
  const format = compileLogFormat({ kind: 'on', format: { kind: 'template', text }, escape });
  const bytes = Buffer.from(format(record), 'latin1').toString('utf8');
  assert.ok(bytes.endsWith('\n'));
  return bytes.slice(0, -1);
}

test('the default format is the line that ingress-nginx writes', () => {
  const text = line(DEFAULT_FORMAT, sampleExchangeRecord());
  const [, time = ''] = /\[(.*?)\]/.exec(text) ?? [];
  assert.match(time, /^\d\d\/Oct\/2026:\d\d:\d\d:36 [+-]\d{4}$/);
  assert.equal(
    text.replace(time, 'TIME'),
    '203.0.113.9 - alice [TIME] "GET /cart?id=7 HTTP/1.1" 200 615 "-" "curl/8.5.0" 131 0.004 [shop-cart-8080] [] ' +
      '10.0.0.1:8080 615 0.004 200 c0ffee00c0ffee00c0ffee00c0ffee00',
  );
});

test('an exchange that nobody could parse has a line as well', () => {
  const record = sampleExchangeRecord({
    method: '',
    target: '',
    status: 400,
    userAgent: '',
    requestFields: undefined,
    labels: undefined,
    virtualHost: undefined,
    clusterName: '',
    attempts: [],
  });
  const text = line(DEFAULT_FORMAT, record);
  assert.match(text, / - - \[.*\] "-" 400 615 "-" "-" 131 0\.004 \[\] \[\] - - - - c0ffee/);
});

const attempt = {
  address: '10.0.0.1:80',
  connectMs: undefined,
  headMs: undefined,
  responseMs: undefined,
  status: undefined,
  bytes: 0,
};

for (const { text, want, changes } of [
  {
    text: '$host $http_host $best_http_host',
    want: 'shop.example.com Shop.example.com:8443 Shop.example.com:8443',
  },
  { text: '$scheme $pass_access_scheme $https', want: 'https https on' },
  { text: '$request_method $request_uri $uri $is_args$args', want: 'GET /cart?id=7 /cart ?id=7' },
  { text: '$escaped_request_uri', want: '%2Fcart%3Fid%3D7' },
  { text: '$query_string', want: '-', changes: { target: '/' } },
  { text: '$arg_id $arg_ID $arg_other', want: '7 7 -' },
  { text: '$cookie_session $cookie_other', want: 's3 -' },
  { text: '$http_x_team $http_x_other', want: 'blue -' },
  { text: '$namespace $ingress_name $service_name $service_port', want: 'shop web cart 8080' },
  { text: '$server_name $protocol $server_protocol', want: 'shop.example.com HTTP/1.1 HTTP/1.1' },
  { text: '$bytes_sent $msec', want: '812 1791381336.124' },
  { text: '$upstream_connect_time/$upstream_header_time', want: '0.000/0.003' },
  { text: '${request_id}x $$status $', want: 'c0ffee00c0ffee00c0ffee00c0ffee00x $200 $' },
  { text: '$no_such_thing', want: '-' },
  { text: 'one\nline\tonly é', want: 'one line\tonly é' },
  {
    text: '$upstream_addr|$upstream_status|$upstream_response_time',
    want: '10.0.0.1:80, 10.0.0.2:80|-, 200|-, 12.345',
    changes: {
      attempts: [attempt, { ...attempt, address: '10.0.0.2:80', status: 200, responseMs: 12_345 }],
    },
  },
]) {
  test(`variables: ${text}`, () => {
    assert.equal(line(text, sampleExchangeRecord(changes)), want);
  });
}

for (const { escape, given, want } of [
  { escape: 'default', given: 'a"b\\c\n\x00é', want: 'a\\x22b\\x5Cc\\x0A\\x00\\xC3\\xA9' },
  { escape: 'json', given: 'a"b\\c\n\x00é', want: 'a\\"b\\\\c\\n\\u0000é' },
  { escape: 'none', given: 'a"b\\c\n\x00é', want: 'a"b\\c\\x0A\\x00é' },
  { escape: 'json', given: '\x7f\u0085', want: '\\u007f\\u0085' },
  { escape: 'none', given: '\x7f\u0085', want: '\\x7F\\xC2\\x85' },
] as const) {
  test(`escape ${escape}: ${JSON.stringify(given)}`, () => {
    const userAgent = Buffer.from(given, 'utf8').toString('latin1');
    assert.equal(line('$http_user_agent', sampleExchangeRecord({ userAgent }), escape), want);
  });
}

test('bytes that are not UTF-8 stay legible, and JSON stays JSON', () => {
  const record = sampleExchangeRecord({ userAgent: 'caf\xe9' });
  assert.equal(line('"$http_user_agent"', record, 'json'), '"caf\\u00e9"');
  assert.equal(line('$http_user_agent', record, 'none'), 'caf\\xE9');
});

test('with json escaping what is missing prints as nothing', () => {
  assert.equal(line('"$http_referer" "$nobody"', sampleExchangeRecord(), 'json'), '"" ""');
});

const wireText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
);

/** An exchange in which a client, a rule and an upstream sent the worst they could. */
const anyRecord = fc
  .record({
    method: wireText,
    target: wireText,
    authority: wireText,
    referer: wireText,
    userAgent: wireText,
    requestId: wireText,
    header: wireText,
    path: fc.string({ unit: 'binary' }),
  })
  .map(({ header, path, ...changes }) =>
    sampleExchangeRecord({
      ...changes,
      requestFields: { names: ['x-h', 'cookie'], values: [header, `c=${header}`] },
      labels: { namespace: 'n', ingress: 'i', service: 's', servicePort: '1', path },
      failure: path,
    }),
  );

const EVERYTHING =
  '$request|$request_uri|$uri|$args|$arg_a|$host|$http_host|$http_referer|$http_user_agent|$req_id|$http_x_h|$cookie_c|$location_path|$escaped_request_uri';

for (const escape of ['default', 'json', 'none'] as const) {
  test(`property: no control byte leaves raw, escape ${escape}`, () => {
    const format = compileLogFormat({
      kind: 'on',
      format: { kind: 'template', text: EVERYTHING },
      escape,
    });
    fc.assert(
      fc.property(anyRecord, (record) => {
        assertCleanLine(format(record));
      }),
    );
  });
}

test('property: the JSON line is JSON without raw control bytes', () => {
  const format = compileLogFormat({ kind: 'on', format: { kind: 'json' }, escape: 'json' });
  fc.assert(
    fc.property(anyRecord, (record) => {
      const text = assertCleanLine(format(record));
      const parsed = JSON.parse(text) as { status: number };
      assert.equal(parsed.status, 200);
    }),
  );
});

test('property: a template of JSON stays JSON', () => {
  const text = '{"ua":"$http_user_agent","uri":"$request_uri","ref":"$http_referer"}';
  fc.assert(
    fc.property(anyRecord, (record) => {
      JSON.parse(line(text, record, 'json'));
    }),
  );
});

/** One line of valid UTF-8 whose only control character is the line feed at its end. */
function assertCleanLine(written: string): string {
  assert.match(written, /^[\x00-\xff]*$/, 'one character a byte');
  const text = new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(written, 'latin1'));
  assert.match(text, /^[^\x00-\x1f\x7f-\x9f]*\n$/);
  return text;
}

test('the JSON line carries typed values and every attempt', () => {
  const format = compileLogFormat({ kind: 'on', format: { kind: 'json' }, escape: 'json' });
  const record = sampleExchangeRecord({ failure: 'upstream-read-timeout', status: 504 });
  assert.deepEqual(JSON.parse(format(record)), {
    time: '2026-10-07T13:55:36.120Z',
    remote_addr: '203.0.113.9',
    request_id: 'c0ffee00c0ffee00c0ffee00c0ffee00',
    method: 'GET',
    scheme: 'https',
    host: 'Shop.example.com:8443',
    target: '/cart?id=7',
    protocol: 'HTTP/1.1',
    status: 504,
    duration_ms: 4.4,
    request_length: 131,
    bytes_sent: 812,
    body_bytes_sent: 615,
    user_agent: 'curl/8.5.0',
    namespace: 'shop',
    ingress: 'web',
    service: 'cart',
    service_port: '8080',
    path: '/cart',
    upstream: 'shop-cart-8080',
    attempts: [
      {
        addr: '10.0.0.1:8080',
        bytes: 615,
        status: 200,
        connect_ms: 0.4,
        head_ms: 3.2,
        response_ms: 3.6,
      },
    ],
    failure: 'upstream-read-timeout',
  });
});
