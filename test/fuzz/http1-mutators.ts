/** Damage to messages of HTTP/1.1: of bytes, of lines, of framing, and of the order of things. */
import type { Random } from './random.ts';

type Mutator = (text: string, random: Random, corpus: readonly string[]) => string;

const BYTES = [
  '\r',
  '\n',
  '\0',
  ' ',
  '\t',
  ':',
  ';',
  ',',
  '\x0b',
  '\x7f',
  '\x80',
  '\xff',
  '%',
  '/',
];
const LINES = [
  'Transfer-Encoding: chunked',
  'Transfer-Encoding : chunked',
  'Transfer-Encoding: chunked, chunked',
  'Content-Length: 0',
  'Content-Length: 5',
  'Content-Length: +5',
  'content-length: 99999999999999999999',
  'Host: evil.test',
  'Connection: close',
  'Connection: keep-alive, host, content-length',
  'Connection: upgrade',
  'Upgrade: websocket',
  'Expect: 100-continue',
  'Keep-Alive: timeout=5',
  'TE: trailers',
  'Trailer: host',
  'X-Forwarded-For: 1.2.3.4',
  'X-Real-IP: 1.2.3.4',
  'X_Real_IP: 1.2.3.4',
  'Proxy: x',
  '__proto__: x',
  ' folded',
  ': nameless',
  '',
];
const TAILS = [
  '0\r\n\r\n',
  '5\r\nhello\r\n0\r\n\r\n',
  'FFFFFFFFFFFFFFFFF\r\n',
  '0\r\nX-A: b\r\n\r\n',
  'GET /next HTTP/1.1\r\nHost: app.test\r\n\r\n',
  'POST /next HTTP/1.1\r\nHost: app.test\r\nContent-Length: 3\r\n\r\nabc',
];
const NUMBERS = [
  '0',
  '1',
  '4',
  '5',
  '6',
  '00',
  '010',
  '0x5',
  '-1',
  '4294967296',
  '9007199254740993',
];

const mutators: readonly Mutator[] = [
  (text, random) => splice(text, random, 1, String.fromCharCode(random.below(256))),
  (text, random) => splice(text, random, 0, random.pick(BYTES)),
  (text, random) => splice(text, random, 1, random.pick(BYTES)),
  (text, random) => splice(text, random, 1 + random.below(3), ''),
  (text, random) => text.slice(0, random.below(text.length + 1)),
  (text, random) => {
    const from = random.below(text.length);
    return splice(text, random, 0, text.slice(from, from + 1 + random.below(200)));
  },
  (text, random) => splice(text, random, 1 + random.below(60), ''),
  (text, random) =>
    onLines(text, random, (lines, at) => [...lines.slice(0, at), ...lines.slice(at + 1)]),
  (text, random) => onLines(text, random, (lines, at) => lines.toSpliced(at, 0, lines[at] ?? '')),
  (text, random) =>
    onLines(text, random, (lines, at) => lines.toSpliced(at + 1, 0, random.pick(LINES))),
  (text, random) =>
    onLines(text, random, (lines, at) => lines.toSpliced(at, 1, random.pick(LINES))),
  (text, random) =>
    onLines(text, random, (lines, at) => {
      const other = random.below(lines.length);
      return lines.with(at, lines[other] ?? '').with(other, lines[at] ?? '');
    }),
  (text, random, corpus) =>
    text.slice(0, random.below(text.length + 1)) + tailOf(random.pick(corpus), random),
  (text, random, corpus) => text + random.pick(corpus),
  (text, random) => text + random.pick(TAILS),
  (text, random) => replaceOne(text, random, /\d+/g, () => random.pick(NUMBERS)),
  (text, random) => replaceOne(text, random, /[A-Za-z-]+/g, flipCase),
  (text, random) =>
    replaceOne(text, random, /\r\n/g, () => random.pick(['\n', '\r', '\r\r\n', '\n\r', ' \r\n'])),
  (text, random) =>
    splice(
      text,
      random,
      0,
      random.pick(['a', ' ', '0', '\t', ';', 'a=b;']).repeat(1 << random.below(14)),
    ),
  (text, random) =>
    replaceOne(text, random, /HTTP\/\d\.\d/g, () =>
      random.pick(['HTTP/1.0', 'HTTP/1.1', 'HTTP/2.0', 'HTTP/0.9']),
    ),
];

/** One case of the corpus, damaged up to five times; sometimes not at all. */
export function mutateHttp1(random: Random, corpus: readonly string[]): Buffer {
  let text = random.pick(corpus);
  const times = random.below(6);
  for (let round = 0; round < times && text !== ''; round++) {
    text = random.pick(mutators)(text, random, corpus);
  }
  return Buffer.from(text.slice(0, 100_000), 'latin1');
}

function splice(text: string, random: Random, removed: number, added: string): string {
  const at = placeIn(text, random);
  return text.slice(0, at) + added + text.slice(at + removed);
}

/** Heads are short and bodies may be long: half of the damage is near the beginning. */
function placeIn(text: string, random: Random): number {
  return random.below(random.chance(50) ? Math.min(text.length, 200) : text.length);
}

function onLines(
  text: string,
  random: Random,
  change: (lines: string[], at: number) => string[],
): string {
  const lines = text.split('\r\n');
  return change(lines, random.below(Math.min(lines.length, 12))).join('\r\n');
}

function tailOf(text: string, random: Random): string {
  return text.slice(random.below(text.length + 1));
}

function replaceOne(
  text: string,
  random: Random,
  pattern: RegExp,
  replace: (found: string) => string,
): string {
  const found = [...text.slice(0, 2_000).matchAll(pattern)];
  if (found.length === 0) return text;
  const { 0: match, index } = random.pick(found);
  return text.slice(0, index) + replace(match) + text.slice(index + match.length);
}

function flipCase(word: string): string {
  const lower = word.toLowerCase();
  return lower === word ? word.toUpperCase() : lower;
}
