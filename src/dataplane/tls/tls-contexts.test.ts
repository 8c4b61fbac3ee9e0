import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { connect } from 'node:tls';
import { defaultSettings } from '../../../test/blackbox/harness/default-settings.ts';
import { createRecordingLog } from '../../../test/blackbox/harness/recording-log.ts';
import { sampleCertificate } from '../../../test/unit/sample-certificate.ts';
import { sampleDelta, sampleHost } from '../../../test/unit/sample-config.ts';
import type { Certificate } from '../../model/config.ts';
import { Sensitive } from '../../model/sensitive.ts';
import type { TlsSettings } from '../../model/settings.ts';
import { Table } from '../table.ts';
import { readClientHello } from './client-hello.ts';

const certificates = [
  sampleCertificate('default', ['ingress.local']),
  sampleCertificate('shop', ['shop.example.com', 'www.shop.test']),
  sampleCertificate('wild', ['*.example.com']),
];

const hosts = [
  sampleHost({
    name: 'shop.example.com',
    aliases: ['www.shop.test', 'old.test'],
    certificate: 'shop',
  }),
  sampleHost({ name: '*.example.com', certificate: 'wild' }),
  sampleHost({ name: 'plain.example.com' }),
  sampleHost({ name: 'plain.test' }),
  sampleHost({ name: 'missing.test', certificate: 'nowhere' }),
  sampleHost({ name: '' }),
];

function createTable(tls: Partial<TlsSettings> = {}) {
  const { log, lines } = createRecordingLog();
  const table = new Table(log);
  const settings = {
    ...defaultSettings,
    tls: { ...defaultSettings.tls, defaultCertificate: 'default', ...tls },
  };
  const delta = { settings, virtualHosts: { set: hosts, remove: [] } };
  table.apply(sampleDelta({ ...delta, certificates: { set: certificates, remove: [] } }));
  return { table, lines };
}

function setCertificate(table: Table, certificate: Certificate): void {
  table.apply(sampleDelta({ certificates: { set: [certificate], remove: [] } }));
}

/** A real server that asks the table; gives the subject of the certificate that a client is shown, or what went wrong. */
async function startServer(t: TestContext, table: Table) {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', (bytes: Buffer) => {
      const hello = readClientHello(bytes);
      const chosen = typeof hello === 'string' ? 'reject' : table.tls.serverFor(hello.serverName);
      socket.pause();
      socket.unshift(bytes);
      if (chosen === 'reject') socket.destroy();
      else chosen.emit('connection', socket);
    });
  });
  table.tls.onServer = (chosen) => {
    chosen.on('secureConnection', (socket) => socket.on('error', () => undefined).end());
    chosen.on('tlsClientError', () => undefined);
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  return async (servername: string): Promise<string> => {
    const client = connect({ port, host: '127.0.0.1', servername, rejectUnauthorized: false });
    try {
      await once(client, 'secureConnect');
      return String(client.getPeerCertificate().subject.CN);
    } catch (error) {
      return (error as Error).message;
    } finally {
      client.destroy();
    }
  };
}

test('SNI chooses the certificate, and it is what a client sees', async (t) => {
  const presented = await startServer(t, createTable().table);
  for (const [sni, want] of [
    ['shop.example.com', 'shop'],
    ['SHOP.Example.com', 'shop'],
    ['www.shop.test', 'shop'],
    ['other.example.com', 'wild'],
    ['plain.example.com', 'wild'],
    ['plain.test', 'default'],
    ['missing.test', 'default'],
    // The host's certificate does not cover this alias.
    ['old.test', 'default'],
    ['a.b.example.com', 'default'],
    ['example.com', 'default'],
    ['unknown.test', 'default'],
    ['', 'default'],
  ] as const) {
    assert.equal(await presented(sni), want, sni);
  }
});

test('names may end in a dot, and hosts share the server of their certificate', () => {
  const { tls } = createTable().table;
  assert.equal(tls.serverFor('shop.example.com.'), tls.serverFor('www.shop.test'));
  assert.equal(tls.serverFor('shop.example.com'), tls.serverFor('shop.example.com'));
});

test('odd names make it neither throw nor choose', () => {
  const { tls } = createTable().table;
  const byDefault = tls.serverFor('');
  for (const sni of ['', '.', '..', '*', '*.example.com', '\0', '127.0.0.1', 'x'.repeat(70_000)]) {
    assert.equal(tls.serverFor(sni), byDefault, sni.slice(0, 20));
  }
});

test('ssl-reject-handshake: only hosts of the config get an answer', () => {
  const { tls } = createTable({ rejectUnknownHosts: true }).table;
  for (const sni of ['', 'unknown.test', 'a.b.example.com']) {
    assert.equal(tls.serverFor(sni), 'reject');
  }
  for (const sni of [
    'shop.example.com',
    'x.example.com',
    'plain.test',
    'missing.test',
    'old.test',
  ]) {
    assert.notEqual(tls.serverFor(sni), 'reject');
  }
});

test('ssl-reject-handshake: a client without SNI is shown nothing', async (t) => {
  const presented = await startServer(t, createTable({ rejectUnknownHosts: true }).table);
  assert.match(await presented(''), /disconnected|ECONNRESET|hang up/);
  assert.equal(await presented('shop.example.com'), 'shop');
  assert.equal(await presented('plain.test'), 'default');
});

test('a certificate that OpenSSL refuses is logged once, and disturbs nobody', async (t) => {
  const { table, lines } = createTable();
  const good = table.tls.serverFor('other.example.com');
  setCertificate(table, { ...sampleCertificate('shop', []), key: new Sensitive('no key') });
  const presented = await startServer(t, table);
  assert.equal(await presented('shop.example.com'), 'default');
  assert.equal(await presented('shop.example.com'), 'default');
  assert.equal(table.tls.serverFor('other.example.com'), good);
  assert.deepEqual(
    lines.map(({ level, fields }) => [level, (fields as { certificates: string[] }).certificates]),
    [['error', ['shop']]],
  );
  assert.doesNotMatch(JSON.stringify(lines), /no key/);
});

test('a renewed certificate replaces its server alone', () => {
  const { table } = createTable();
  const shop = table.tls.serverFor('shop.example.com');
  const wild = table.tls.serverFor('x.example.com');
  setCertificate(table, sampleCertificate('shop', ['shop.example.com']));
  assert.notEqual(table.tls.serverFor('shop.example.com'), shop);
  assert.equal(table.tls.serverFor('x.example.com'), wild);
});

test('a certificate that goes leaves the default one', () => {
  const { table } = createTable();
  table.apply(sampleDelta({ certificates: { set: [], remove: ['shop'] } }));
  const byDefault = table.tls.serverFor('unknown.test');
  assert.equal(table.tls.serverFor('shop.example.com'), byDefault);
});

test('new settings hold for every server', async (t) => {
  const { table } = createTable();
  const before = table.tls.serverFor('shop.example.com');
  const tls = { ...table.settings.tls, minVersion: 'TLSv1.3' } as const;
  table.apply(sampleDelta({ settings: { ...table.settings, tls } }));
  assert.notEqual(table.tls.serverFor('shop.example.com'), before);
  const presented = await startServer(t, table);
  assert.equal(await presented('shop.example.com'), 'shop');
});

test('without a default certificate handshakes fail, and nothing throws', async (t) => {
  const { table } = createTable({ defaultCertificate: 'nowhere' });
  const presented = await startServer(t, table);
  assert.match(await presented('unknown.test'), /alert|disconnected/);
  assert.equal(await presented('shop.example.com'), 'shop');
});
