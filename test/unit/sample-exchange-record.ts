import type { ExchangeRecord } from '../../src/observability/exchange-record.ts';

/** An ordinary exchange: one attempt, 200. For tests and benchmarks; `changes` says what a case is about. */
export function sampleExchangeRecord(changes: Partial<ExchangeRecord> = {}): ExchangeRecord {
  return {
    startedAtMs: Date.UTC(2026, 9, 7, 13, 55, 36, 120),
    durationMs: 4.4,
    clientAddress: '203.0.113.9',
    scheme: 'https',
    protocol: 'HTTP/1.1',
    method: 'GET',
    target: '/cart?id=7',
    authority: 'Shop.example.com:8443',
    status: 200,
    requestId: 'c0ffee00c0ffee00c0ffee00c0ffee00',
    referer: '',
    userAgent: 'curl/8.5.0',
    requestFields: {
      names: ['Cookie', 'X-Team', 'authorization'],
      values: ['a=1; session=s3', 'blue', 'Basic YWxpY2U6c2VjcmV0'],
    },
    requestBytes: 131,
    responseBytes: 812,
    responseBodyBytes: 615,
    labels: {
      namespace: 'shop',
      ingress: 'web',
      service: 'cart',
      servicePort: '8080',
      path: '/cart',
    },
    virtualHost: 'shop.example.com',
    clusterName: 'shop-cart-8080',
    attempts: [
      {
        address: '10.0.0.1:8080',
        connectMs: 0.4,
        headMs: 3.2,
        responseMs: 3.6,
        status: 200,
        bytes: 615,
      },
    ],
    failure: undefined,
    ...changes,
  };
}
