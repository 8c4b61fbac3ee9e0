/** gRPC's official interoperability client and server (the Go ones) through the proxy: every case that needs no cloud. */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { selfSignedCertificate } from '../blackbox/harness/self-signed.ts';
import { startProxy } from '../blackbox/harness/start-proxy.ts';
import { untilListening } from '../blackbox/harness/until-listening.ts';
import { freeEndpoint } from '../blackbox/harness/upstream.ts';
import { installGoCommands } from './harness/go-tools.ts';

const run = promisify(execFile);

const INTEROP = {
  path: 'google.golang.org/grpc',
  version: 'v1.85.0',
  commands: ['interop/client', 'interop/server'],
} as const;

/**
 * All that the client lists, but for those with credentials of a cloud and those that need another server than Go's
 * (pick_first_unary, orca_per_rpc, orca_oob: these fail without a proxy too).
 */
const CASES = [
  'empty_unary',
  'large_unary',
  'client_streaming',
  'server_streaming',
  'ping_pong',
  'empty_stream',
  'timeout_on_sleeping_server',
  'cancel_after_begin',
  'cancel_after_first_response',
  'status_code_and_message',
  'special_status_message',
  'custom_metadata',
  'unimplemented_method',
  'unimplemented_service',
] as const;

interface Tools {
  readonly client: string;
  readonly server: string;
  /** Of the files below, and gone with the test. */
  readonly folder: string;
}

async function prepare(t: test.TestContext): Promise<Tools> {
  const [client, server] = await installGoCommands(INTEROP);
  assert.ok(client !== undefined && server !== undefined);
  const folder = await mkdtemp(join(tmpdir(), 'grpc-interop-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return { client, server, folder };
}

for (const up of ['h2c', 'TLS'] as const) {
  for (const down of ['TLS', 'h2c'] as const) {
    test(`gRPC interoperability: ${down} down, ${up} up`, { timeout: 240_000 }, async (t) => {
      const tools = await prepare(t);
      const certificate = selfSignedCertificate('a', ['app.test']);
      const files = { cert: join(tools.folder, 'cert.pem'), key: join(tools.folder, 'key.pem') };
      await writeFile(files.cert, certificate.chain);
      await writeFile(files.key, certificate.key.reveal());
      const { port } = await freeEndpoint();
      const tlsFlags = ['-use_tls', `-tls_cert_file=${files.cert}`, `-tls_key_file=${files.key}`];
      await startServer(t, tools.server, port, up === 'TLS' ? tlsFlags : []);
      const proxy = await startProxy(t, {
        upstreams: [{ address: '127.0.0.1', port }],
        protocol: up === 'TLS' ? 'grpcs' : 'grpc',
        certificates: [certificate],
        virtualHosts: [{ name: 'app.test' }, { name: '127.0.0.1' }],
      });
      const flags =
        down === 'TLS'
          ? [
              `-server_port=${proxy.httpsPort}`,
              '-use_tls',
              '-use_test_ca',
              `-ca_file=${files.cert}`,
              '-server_host_override=app.test',
            ]
          : [`-server_port=${proxy.httpPort}`];
      for (const name of CASES) {
        await t.test(name, async () => {
          const options = { timeout: 30_000 };
          await run(
            tools.client,
            ['-server_host=127.0.0.1', ...flags, `-test_case=${name}`],
            options,
          );
        });
      }
      assert.ok(proxy.records.length >= CASES.length);
    });
  }
}

async function startServer(
  t: test.TestContext,
  binary: string,
  port: number,
  flags: readonly string[],
): Promise<void> {
  const server = spawn(binary, [`-port=${port}`, ...flags], { stdio: 'ignore' });
  const exited = once(server, 'exit');
  t.after(async () => {
    server.kill('SIGKILL');
    await exited;
  });
  const failed = exited.then(() => assert.fail('the interop server did not start'));
  await Promise.race([untilListening(port), failed]);
}
