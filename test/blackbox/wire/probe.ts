/** What every hostile case needs: a proxy before a strict upstream, and proof that it serves on. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { connectClient, type RawAnswer } from '../harness/raw-client.ts';
import { type ProxyOptions, type RunningProxy, startProxy } from '../harness/start-proxy.ts';
import {
  echo,
  echoed,
  type ReceivedRequest,
  type RecordingOptions,
  type RecordingUpstream,
  startRecordingUpstream,
  valuesOf,
} from './recording-upstream.ts';

export interface Probe {
  readonly proxy: RunningProxy;
  readonly upstream: RecordingUpstream;
}

/** A host of every probe, which no test touches: it leads to the recording upstream, over the same pool. */
const CLEAN_HOST = 'clean.test';
const probes = new WeakMap<TestContext, Probe[]>();

/** A proxy whose host `app.test` goes to a recording upstream. */
export async function startProbe(
  t: TestContext,
  options: ProxyOptions & { readonly recording?: RecordingOptions } = {},
): Promise<Probe> {
  const { recording = {}, ...proxyOptions } = options;
  const upstream = await startRecordingUpstream(t, sparingClean(recording));
  const proxy = await startProxy(t, {
    upstreams: [upstream.endpoint],
    ...proxyOptions,
    virtualHosts: [
      ...(options.virtualHosts ?? [{ name: 'app.test' }]),
      { name: CLEAN_HOST, routes: [{ action: { kind: 'forward', cluster: 'clean' } }] },
    ],
    clusters: { ...options.clusters, clean: { upstreams: [upstream.endpoint] } },
  });
  const probe = { proxy, upstream };
  probes.set(t, [...(probes.get(t) ?? []), probe]);
  return probe;
}

/** Whatever a test had happen: a clean request on a new connection still gets its own answer from each of its proxies. */
export async function assertAllServeOn(t: TestContext): Promise<void> {
  for (const { proxy } of probes.get(t) ?? []) await assertServesOn(t, proxy, CLEAN_HOST);
}

/** How a hostile upstream treats clean requests: well. */
function sparingClean({ answer, onHead, ...options }: RecordingOptions): RecordingOptions {
  const isClean = (received: ReceivedRequest): boolean =>
    valuesOf(received, 'host')[0] === CLEAN_HOST;
  return {
    ...options,
    answer: (received, socket) =>
      answer === undefined || isClean(received) ? echo(received) : answer(received, socket),
    onHead: (received, socket) => {
      if (!isClean(received)) onHead?.(received, socket);
    },
  };
}

/** A request to `app.test` with these lines after Host. */
export function request(firstLine: string, ...lines: readonly string[]): string {
  return [firstLine, 'Host: app.test', ...lines, '', ''].join('\r\n');
}

/** Sends bytes on a new connection, and reads one answer. */
export async function ask(t: TestContext, proxy: RunningProxy, bytes: string): Promise<RawAnswer> {
  const client = await connectClient(t, proxy.httpPort);
  client.write(bytes);
  const answer = await client.readAnswer({ head: bytes.startsWith('HEAD ') });
  client.destroy();
  return answer;
}

let cleanRequests = 0;

/** A clean request on a new connection gets its own answer, soon. */
export async function assertServesOn(
  t: TestContext,
  proxy: RunningProxy,
  host = 'app.test',
): Promise<void> {
  cleanRequests += 1;
  const target = `/clean/${cleanRequests}`;
  const begun = performance.now();
  const answer = await ask(t, proxy, `GET ${target} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  assert.equal(answer.status, 200);
  assert.equal(answer.body, echoed('GET', target, host));
  assert.ok(performance.now() - begun < 1_500, 'the clean request took over 1.5 s');
}

/**
 * These bytes are refused: one answer with this status and `Connection: close`, then the end of the connection; nothing of
 * it counts as complete upstream; the next client is served.
 */
export async function assertRefused(
  t: TestContext,
  { proxy, upstream }: Probe,
  bytes: string,
  statuses: readonly number[],
): Promise<RawAnswer> {
  const before = upstream.completed().length;
  const client = await connectClient(t, proxy.httpPort);
  client.write(bytes);
  const answer = await client.readAnswer();
  assert.ok(statuses.includes(answer.status), `answered ${answer.head}`);
  assert.deepEqual(answer.fields.get('connection'), ['close']);
  assert.equal(await client.readToEnd(), '', 'more than one answer');
  client.destroy();
  await assertServesOn(t, proxy);
  const complete = upstream.completed().slice(before, -1);
  assert.deepEqual(complete, [], 'a request counted as complete upstream');
  return answer;
}
