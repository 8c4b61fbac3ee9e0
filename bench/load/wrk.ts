import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { limitMs, outputOf, versionOf } from '../processes.ts';
import type { LoadGenerator, LoadResult, LoadShape } from './load.ts';

/** What `done` below prints before its figures. */
const MARK = 'result:';

/** wrk, where it is installed: far cheaper than what it measures. Undefined: it is not. */
export function findWrk(): LoadGenerator | undefined {
  const version = versionOf('wrk', '-v')?.split(' [')[0];
  return version === undefined ? undefined : { name: version, run: runWrk };
}

async function runWrk(shape: LoadShape): Promise<LoadResult> {
  const script = join(shape.folder, 'load.lua');
  writeFileSync(script, scriptText(shape));
  const options = ['-t1', `-c${shape.connections}`, `-d${shape.seconds}s`, '--timeout', '10s'];
  const command = ['wrk', ...options, '-s', script, `http://127.0.0.1:${shape.port}/`];
  const output = await outputOf(shape.core, command, limitMs(shape.seconds));
  const line = output.split('\n').find((text) => text.startsWith(MARK));
  if (line === undefined) throw new Error(`wrk printed no result:\n${output}`);
  return JSON.parse(line.slice(MARK.length)) as LoadResult;
}

/** Requests are put together once; each answer is counted by its status, by wrk itself. */
function scriptText({ hosts, requestBodyBytes, requestFields, reconnect }: LoadShape): string {
  const names = hosts.map((host) => `'${host}'`).join(',');
  const method = requestBodyBytes === 0 ? 'GET' : 'POST';
  const fields = { ...requestFields, ...(reconnect === 'never' ? {} : { Connection: 'close' }) };
  const lines = Object.entries(fields).map(([name, value]) => `, ['${name}'] = '${value}'`);
  return `
local requests, position = {}, 0
function init()
  local body = ${requestBodyBytes === 0 ? 'nil' : `string.rep('x', ${requestBodyBytes})`}
  for _, host in ipairs({${names}}) do
    requests[#requests + 1] = wrk.format('${method}', '/', { Host = host${lines.join('')} }, body)
  end
end
function request()
  position = position % #requests + 1
  return requests[position]
end
function done(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  print(string.format('${MARK}{"requests":%d,"seconds":%f,"failed":%d,"bytes":%d,"p50Ms":%f,"p99Ms":%f}',
    summary.requests, summary.duration / 1e6, failed, summary.bytes,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
`;
}
