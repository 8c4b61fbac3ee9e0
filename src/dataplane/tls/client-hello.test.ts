import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import test, { type TestContext } from 'node:test';
import { connect as connectTls } from 'node:tls';
import fc from 'fast-check';
import {
  extension,
  helloMessage,
  helloOf,
  helloStart,
  inOneRecord,
  inRecords,
  nameExtension,
  protocolsExtension,
} from '../../../test/unit/sample-client-hello.ts';
import { ClientHelloReader, readClientHello, type ClientHello } from './client-hello.ts';

const SHOP: ClientHello = { serverName: 'shop.example.com', protocols: ['h2', 'http/1.1'] };
const shopName = nameExtension('Shop.Example.COM');
const shopProtocols = protocolsExtension('h2', 'http/1.1');

test('a hello tells the name, in lower case, and the protocols', () => {
  assert.deepEqual(readClientHello(inOneRecord(helloMessage([shopName, shopProtocols]))), SHOP);
  const rooted = inOneRecord(helloMessage([nameExtension('shop.example.com.')]));
  assert.deepEqual(readClientHello(rooted), { serverName: 'shop.example.com', protocols: [] });
});

test('a hello may name nobody, and have no extensions at all', () => {
  const nobody: ClientHello = { serverName: '', protocols: [] };
  assert.deepEqual(readClientHello(inOneRecord(helloMessage([]))), nobody);
  assert.deepEqual(readClientHello(inOneRecord(helloMessage([extension(43, '020304')]))), nobody);
  assert.deepEqual(readClientHello(inOneRecord(helloOf(helloStart()))), nobody);
});

test('an odd name is a name', () => {
  for (const serverName of ['10.0.0.1', '[2001:db8::1]', 'a..b', '*.example.com']) {
    const read = readClientHello(inOneRecord(helloMessage([nameExtension(serverName)])));
    assert.deepEqual(read, { serverName, protocols: [] });
  }
});

test('what follows the hello in other records does not matter', () => {
  const early = Buffer.from('170303000101', 'hex');
  assert.deepEqual(readClientHello(Buffer.concat([inOneRecord(helloMessage([shopName])), early])), {
    serverName: SHOP.serverName,
    protocols: [],
  });
});

for (const { name, bytes } of [
  { name: 'another kind of record', bytes: Buffer.from('170303000101', 'hex') },
  { name: 'another major version', bytes: Buffer.from('1602', 'hex') },
  { name: 'an empty record', bytes: Buffer.from('1603010000', 'hex') },
  { name: 'a record over 16 KiB', bytes: Buffer.from('1603014001', 'hex') },
  { name: 'another message', bytes: inOneRecord(Buffer.from('0200000100', 'hex')) },
  { name: 'a message over 16 KiB', bytes: inOneRecord(Buffer.from('01003ffd', 'hex')) },
  {
    name: 'a message behind it in its record',
    bytes: inOneRecord(helloMessage([]), Buffer.alloc(1)),
  },
  { name: 'an empty hello', bytes: inOneRecord(helloOf(Buffer.alloc(0))) },
  {
    name: 'no end of the session id',
    bytes: inOneRecord(helloOf(helloStart('21'.padEnd(68, '0')))),
  },
  { name: 'no cipher suite', bytes: inOneRecord(helloOf(helloStart('00', '0000'))) },
  { name: 'half a cipher suite', bytes: inOneRecord(helloOf(helloStart('00', '0003130113'))) },
  { name: 'no compression', bytes: inOneRecord(helloOf(helloStart('00', '00021301', '00'))) },
  { name: 'bytes behind the extensions', bytes: inOneRecord(helloMessage([], '00')) },
  {
    name: 'an extension that ends too late',
    bytes: inOneRecord(helloMessage([Buffer.from('002b00', 'hex')])),
  },
  { name: 'an extension twice', bytes: inOneRecord(helloMessage([shopName, shopName])) },
  {
    name: 'an unknown extension twice',
    bytes: inOneRecord(helloMessage(twice(extension(0x5a5a, '')))),
  },
  {
    name: 'two names',
    bytes: inOneRecord(helloMessage([extension(0, '000800000161000001' + '62')])),
  },
  {
    name: 'a name of another kind',
    bytes: inOneRecord(helloMessage([extension(0, '000401000161')])),
  },
  { name: 'an empty list of names', bytes: inOneRecord(helloMessage([extension(0, '0000')])) },
  {
    name: 'an empty name list without its length',
    bytes: inOneRecord(helloMessage([extension(0, '')])),
  },
  { name: 'an empty name', bytes: inOneRecord(helloMessage([nameExtension('')])) },
  { name: 'a name with a NUL', bytes: inOneRecord(helloMessage([nameExtension('a\0b')])) },
  { name: 'a name with a blank', bytes: inOneRecord(helloMessage([nameExtension('a b')])) },
  {
    name: 'a name beyond ASCII',
    bytes: inOneRecord(helloMessage([nameExtension('b\xfccher.example')])),
  },
  {
    name: 'a name over 255 bytes',
    bytes: inOneRecord(helloMessage([nameExtension('a'.repeat(256))])),
  },
  {
    name: 'bytes behind the names',
    bytes: inOneRecord(helloMessage([extension(0, '0004000001' + '6100')])),
  },
  { name: 'no protocol', bytes: inOneRecord(helloMessage([extension(16, '0000')])) },
  { name: 'an empty protocol', bytes: inOneRecord(helloMessage([extension(16, '000100')])) },
  {
    name: 'a protocol that ends too late',
    bytes: inOneRecord(helloMessage([extension(16, '00020268')])),
  },
]) {
  test(`malformed: ${name}`, () => {
    assert.equal(readClientHello(bytes), 'malformed');
  });
}

test('every beginning of a hello is incomplete', () => {
  const whole = inOneRecord(helloMessage([shopName, shopProtocols]));
  for (let length = 0; length < whole.length; length++) {
    assert.equal(readClientHello(whole.subarray(0, length)), 'incomplete', `${length}`);
  }
});

test('a hello of 16 KiB in records of one byte, that come byte by byte, takes linear time', () => {
  const large = helloMessage([shopName, extension(21, '00'.repeat(16_384 - 200))]);
  const bytes = inRecords(large, () => 1);
  const reader = new ClientHelloReader();
  let last: ReturnType<typeof reader.push> = 'incomplete';
  for (let at = 0; last === 'incomplete' && at < bytes.length; at++) {
    last = reader.push(bytes.subarray(at, at + 1));
  }
  assert.deepEqual(last, { serverName: SHOP.serverName, protocols: [] });
  assert.deepEqual(reader.received, bytes);
});

test('however a hello is cut into records and segments, it says the same', () => {
  const size = fc.integer({ min: 1, max: 40 });
  const sizes = fc.array(size, { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(
      fc.constantFrom(...samples()),
      sizes,
      sizes,
      (sample, recordSizes, segmentSizes) => {
        const bytes = inRecords(sample.message, cycle(recordSizes));
        assert.deepEqual(readInSegments(bytes, cycle(segmentSizes)), sample.says);
      },
    ),
    { numRuns: 10_000 },
  );
});

test('random bytes, and hellos with random changes, never throw and say the same in any cut', () => {
  const whole = inOneRecord(helloMessage([shopName, shopProtocols]));
  const changed = fc
    .array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 })
    .map((changes) => {
      const copy = Buffer.from(whole);
      for (const [at, byte] of changes) copy[at] = byte;
      return copy;
    });
  const random = fc.uint8Array({ maxLength: 120 }).map((bytes) => Buffer.from(bytes));
  const behindHeader = random.map((bytes) => inOneRecord(helloOf(bytes)));
  const sizes = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(fc.oneof(changed, random, behindHeader), sizes, (bytes, cut) => {
      assert.deepEqual(readInSegments(bytes, cycle(cut)), readClientHello(bytes));
    }),
    { numRuns: 10_000 },
  );
});

test("Node's own client is understood", async (t) => {
  const { port, hello: heard } = await listen(t);
  const socket = connectTls({ port, servername: SHOP.serverName, ALPNProtocols: ['h2', 'x'] });
  socket.on('error', () => undefined);
  t.after(() => socket.destroy());
  assert.deepEqual(await heard, { serverName: SHOP.serverName, protocols: ['h2', 'x'] });
});

for (const { command, args, protocols } of [
  {
    command: 'openssl',
    args: (port: number) =>
      `s_client -connect 127.0.0.1:${port} -servername ${SHOP.serverName} -alpn h2`,
    protocols: ['h2'],
  },
  {
    command: 'curl',
    args: (port: number) =>
      `-sk --max-time 5 --connect-to ::127.0.0.1:${port} https://${SHOP.serverName}/`,
    protocols: SHOP.protocols,
  },
]) {
  test(`${command} is understood`, async (t) => {
    const { port, hello: heard } = await listen(t);
    const ended = Promise.withResolvers<string | undefined>();
    const child = execFile(command, args(port).split(' '), (error) => {
      ended.resolve(error?.code?.toString());
    });
    child.stdin?.end();
    const first = await Promise.race([heard, ended.promise]);
    if (first === 'ENOENT') t.skip(`no ${command} here`);
    else assert.deepEqual(first, { serverName: SHOP.serverName, protocols });
    child.kill();
    await ended.promise;
  });
}

/** Reads the hello of the first connection, then closes it. */
async function listen(
  t: TestContext,
): Promise<{ port: number; hello: Promise<ClientHello | 'malformed'> }> {
  const heard = Promise.withResolvers<ClientHello | 'malformed'>();
  const server = createServer((socket: Socket) => {
    const reader = new ClientHelloReader();
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      const said = reader.push(chunk);
      if (said === 'incomplete') return;
      heard.resolve(said);
      socket.destroy();
    });
  });
  server.listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, hello: heard.promise };
}

function samples(): { message: Buffer; says: ClientHello | 'malformed' }[] {
  const large = extension(21, '00'.repeat(1_500));
  return [
    { message: helloMessage([shopName, shopProtocols]), says: SHOP },
    { message: helloMessage([large, shopProtocols, shopName]), says: SHOP },
    { message: helloMessage([]), says: { serverName: '', protocols: [] } },
    { message: helloMessage([shopName, shopName]), says: 'malformed' },
    { message: helloMessage([shopProtocols], '00'), says: 'malformed' },
  ];
}

function readInSegments(bytes: Buffer, nextSize: () => number): ReturnType<typeof readClientHello> {
  const reader = new ClientHelloReader();
  let said: ReturnType<typeof readClientHello> = 'incomplete';
  let at = 0;
  while (said === 'incomplete' && at < bytes.length) {
    const end = at + nextSize();
    said = reader.push(bytes.subarray(at, end));
    at = end;
  }
  return said;
}

function cycle(sizes: readonly number[]): () => number {
  let turn = 0;
  return () => sizes[turn++ % sizes.length] ?? 1;
}

function twice(one: Buffer): Buffer[] {
  return [one, one];
}
