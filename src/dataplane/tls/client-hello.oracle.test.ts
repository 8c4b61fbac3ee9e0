import assert from 'node:assert/strict';
import { Duplex } from 'node:stream';
import test, { type TestContext } from 'node:test';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { seededRandom } from '../../../test/unit/seeded-random.ts';
import { sampleCertificate } from '../../../test/unit/sample-certificate.ts';
import { readClientHello } from './client-hello.ts';

const NAME = 'Shop.Example.com';
const MUTATIONS = 4_000;
const SEED = 5;

/** What OpenSSL makes of a whole hello: the name it goes by, empty for none; undefined: it refuses the hello. */
type Reader = (hello: Buffer) => Promise<string | undefined>;

test("a hello that OpenSSL takes is read as OpenSSL reads it, or refused: never as another one's", async (t) => {
  const readByOpenSsl = startOpenSsl(t);
  const original = await helloOfNode();
  assert.equal(await readByOpenSsl(original), NAME);
  assert.deepEqual(readClientHello(original), {
    serverName: NAME.toLowerCase(),
    protocols: ['h2', 'http/1.1'],
  });
  const random = seededRandom(SEED);
  let taken = 0;
  for (let round = 0; round < MUTATIONS; round++) {
    const hello = mutate(original, random);
    const ours = readClientHello(hello);
    // A hello that is refused, or waited for, is none that OpenSSL gets to see.
    if (typeof ours === 'string') continue;
    const theirs = await readByOpenSsl(hello);
    if (theirs === undefined) continue;
    taken += 1;
    const message = `round ${round}: ${hello.toString('hex')}`;
    assert.equal(ours.serverName, withoutDot(theirs), message);
  }
  assert.ok(taken > MUTATIONS / 10, `${taken} of ${MUTATIONS} hellos are taken by both`);
});

function withoutDot(name: string): string {
  const lower = name.toLowerCase();
  return lower.endsWith('.') ? lower.slice(0, -1) : lower;
}

function startOpenSsl(t: TestContext): Reader {
  const { chain: cert, key } = sampleCertificate('oracle', ['oracle.test']);
  let onName: (name: string) => void = () => undefined;
  const server = createServer({
    cert,
    key: key.reveal(),
    SNICallback: (name) => {
      // Not answered: the handshake need not go on.
      onName(name);
    },
  });
  server.on('tlsClientError', () => undefined);
  t.after(() => server.close());
  return async (hello) => {
    const read = Promise.withResolvers<string | undefined>();
    onName = read.resolve;
    const wire = new Duplex({
      read: () => undefined,
      write(chunk: Buffer, _encoding, done) {
        // A ServerHello without a question is for a client that names nobody.
        read.resolve(chunk[0] === 0x16 ? '' : undefined);
        done();
      },
      destroy(_error, done) {
        read.resolve(undefined);
        done(null);
      },
    });
    wire.on('error', () => undefined);
    server.emit('connection', wire);
    wire.push(hello);
    const name = await read.promise;
    wire.destroy();
    return name;
  };
}

/** All that Node's client says before it is answered. */
async function helloOfNode(): Promise<Buffer> {
  const hello = Promise.withResolvers<Buffer>();
  const wire = new Duplex({
    read: () => undefined,
    write(chunk: Buffer, _encoding, done) {
      hello.resolve(chunk);
      done();
    },
  });
  const options = { socket: wire, servername: NAME, ALPNProtocols: ['h2', 'http/1.1'] };
  const client: TLSSocket = connect(options);
  client.on('error', () => undefined);
  const bytes = await hello.promise;
  client.destroy();
  return bytes;
}

/** Some bytes changed, cut out or put in, half of them around the name; lengths are among them, now and then. */
function mutate(original: Buffer, random: () => number): Buffer {
  const below = (end: number): number => Math.floor(random() * end);
  const nameAt = original.indexOf(NAME);
  let bytes = Buffer.from(original);
  for (let count = 1 + below(3); count > 0; count--) {
    const at = random() < 0.5 ? nameAt - 12 + below(32) : below(bytes.length);
    const kind = below(4);
    if (kind === 0) bytes[at] = below(256);
    else if (kind === 1) bytes[at] = ((bytes[at] ?? 0) + (random() < 0.5 ? 1 : 255)) % 256;
    else if (kind === 2) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)]);
    else {
      const piece = bytes.subarray(below(bytes.length)).subarray(0, 8);
      bytes = Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at)]);
    }
  }
  return bytes;
}
