import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { ErrorCode, Flag, FrameType } from '../../src/dataplane/http2/frames.ts';
import { selfSignedCertificate } from '../blackbox/harness/self-signed.ts';
import { startProxy } from '../blackbox/harness/start-proxy.ts';
import { startUpstream } from '../blackbox/harness/upstream.ts';
import { connectHttp2, frame, get, headerBlock } from '../http2/frame-client.ts';
import { installGoCommands } from './harness/go-tools.ts';

/** The newest version that the Go module proxy has. It lacks one case of the 146 that 2.6 counts: the second test here. */
const H2SPEC = {
  path: 'github.com/summerwind/h2spec',
  version: 'v2.2.1+incompatible',
  commands: ['cmd/h2spec'],
} as const;

for (const { name, flags, cases } of [
  { name: 'over TLS', flags: ['-t', '-k'], cases: 145 },
  // In plaintext what is no preface is HTTP/1.1, and refused as that: all of section 3 is about prefaces.
  { name: 'in plaintext', flags: sections(4, 5, 6, 7, 8), cases: 92 },
]) {
  test(`h2spec ${name}`, { timeout: 300_000 }, async (t) => {
    const [h2spec = ''] = await installGoCommands(H2SPEC);
    // Answers whole requests: an early answer would end the streams that h2spec leaves open for what it is about to do.
    const upstream = await startUpstream(t, (incoming, response) => {
      incoming.resume().on('end', () => response.end('x'.repeat(1_000)));
    });
    const proxy = await startProxy(t, {
      upstreams: [upstream.endpoint],
      certificates: [selfSignedCertificate('default', ['localhost'])],
      virtualHosts: [{ name: '' }],
    });
    const port = flags.includes('-t') ? proxy.httpsPort : proxy.httpPort;
    const args = ['-h', '127.0.0.1', '-p', String(port), '-o', '3', ...flags];
    const report = await runTool(h2spec, args);
    const summary = `${cases} tests, ${cases} passed, 0 skipped, 0 failed`;
    assert.ok(report.includes(summary), report);
    assert.deepEqual(
      proxy.logLines.filter(({ level }) => level === 'error'),
      [],
    );
  });
}

test('a literal whose name has an invalid index ends the connection', async (t) => {
  const proxy = await startProxy(t, {});
  const client = await connectHttp2(t, proxy.httpPort);
  const block = `${headerBlock(get('/'))}\x7f\x07\x04test`;
  client.send(frame(FrameType.Headers, Flag.EndHeaders | Flag.EndStream, 1, block));
  assert.equal((await client.ended()).code, ErrorCode.CompressionError);
});

function sections(...numbers: readonly number[]): readonly string[] {
  return numbers.map((number) => `http2/${number}`);
}

/** What it prints, whatever its exit code says. */
function runTool(command: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    execFile(command, args, { timeout: 200_000 }, (_error, stdout, stderr) => {
      resolve(stdout + stderr);
    });
  });
}
