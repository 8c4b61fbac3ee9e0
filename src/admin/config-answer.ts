import { setImmediate } from 'node:timers/promises';
import { stringify } from 'yaml';
import type { ProxyConfig } from '../model/config.ts';
import { toPlain } from '../model/plain-config.ts';
import { jsonAnswer, textAnswer } from './answer.ts';
import type { AdminAnswer } from './answer.ts';
import type { AdminRequest } from './server.ts';

/** Pieces printed at a stretch: some milliseconds. */
const CHUNK = 20;

/** The config in effect, redacted: YAML, or JSON where asked for by `Accept` or `?format=json`. */
export function configAnswer(
  config: ProxyConfig | undefined,
  { query, accept }: Pick<AdminRequest, 'query' | 'accept'>,
): AdminAnswer {
  if (config === undefined) return textAnswer(503, 'no configuration yet\n');
  const plain = toPlain(config);
  const format = query.get('format') ?? (accept.includes('application/json') ? 'json' : 'yaml');
  if (format === 'json') return jsonAnswer(200, plain);
  if (format !== 'yaml') return textAnswer(400, 'format is yaml or json\n');
  return { status: 200, contentType: 'application/yaml', body: printYaml(plain) };
}

/** One section after the other, each piece by piece: thousands of routes take seconds, and the control plane must go on. */
async function* printYaml(plain: object): AsyncGenerator<string> {
  for (const [section, value] of Object.entries(plain) as [string, unknown][]) {
    if (!isNotEmptyObject(value)) {
      yield stringify({ [section]: value });
      continue;
    }
    yield stringify(section).replace(/\n$/, ':\n');
    const pieces: unknown[] = Array.isArray(value)
      ? value.map((piece: unknown) => [piece])
      : Object.entries(value).map(([key, piece]: [string, unknown]) => ({ [key]: piece }));
    for (const [position, piece] of pieces.entries()) {
      yield stringify(piece).replace(/^(?=.)/gm, '  ');
      if (position % CHUNK === CHUNK - 1) await setImmediate();
    }
  }
}

function isNotEmptyObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && Object.keys(value).length > 0;
}
