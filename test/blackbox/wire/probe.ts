/** What every hostile case needs: a proxy before a strict upstream, and proof that it serves on. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { connectClient, type RawAnswer } from '../harness/raw-client.ts';
import { type ProxyOptions, type RunningProxy, startProxy } from '../harness/start-proxy.ts';
import {
  echoed,
  type RecordingOptions,
  type RecordingUpstream,
  startRecordingUpstream,
} from './recording-upstream.ts';

export interface Probe {
  readonly proxy: RunningProxy;
  readonly upstream: RecordingUpstream;
}

/** A proxy whose host `app.test` goes to a recording upstream. */
export async function startProbe(
  t: TestContext,
  options: ProxyOptions & { readonly recording?: RecordingOptions } = {},
): Promise<Probe> {
  const { recording, ...proxyOptions } = options;
  const upstream = await startRecordingUpstream(t, recording);
  const proxy = await startProxy(t, { upstreams: [upstream.endpoint], ...proxyOptions });
  return { proxy, upstream };
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
export async function assertServesOn(t: TestContext, proxy: RunningProxy): Promise<void> {
  cleanRequests += 1;
  const target = `/clean/${cleanRequests}`;
  const begun = performance.now();
  const answer = await ask(t, proxy, request(`GET ${target} HTTP/1.1`));
  assert.equal(answer.status, 200);
  assert.equal(answer.body, echoed('GET', target, 'app.test'));
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
