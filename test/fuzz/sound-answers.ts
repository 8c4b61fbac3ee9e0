/** What a client received, read by the letter. */
export interface SoundAnswer {
  readonly status: number;
  /** Lower-case names. */
  readonly fields: ReadonlyMap<string, string>;
  readonly body: string;
  /** All of it came, as far as its framing tells; close-delimited ones count as whole. */
  readonly isWhole: boolean;
}

export class UnsoundAnswer extends Error {}

/** What is found of answers, or that they are unsound. */
export function judgeSound(judge: () => string[]): string[] {
  try {
    return judge();
  } catch (error) {
    if (error instanceof UnsoundAnswer) return [`unsound answer: ${error.message}`];
    throw error;
  }
}

/** @param isTunnel a 101 may come, after which everything may. @param methods of the requests, as far as they are known. */
export function readAnswers(
  text: string,
  isTunnel: boolean,
  methods: readonly string[] = [],
): SoundAnswer[] {
  const answers: SoundAnswer[] = [];
  let finals = 0;
  let at = 0;
  while (at < text.length) {
    const headEnd = text.indexOf('\r\n\r\n', at);
    if (headEnd === -1) {
      // The proxy writes heads whole; what is cut is cut by the client's own reset.
      if (/^HTTP\/1\.1 /.test(text.slice(at, at + 9))) return answers;
      throw new UnsoundAnswer(`no head: ${JSON.stringify(text.slice(at, at + 200))}`);
    }
    const { status, fields } = readHead(text.slice(at, headEnd));
    at = headEnd + 4;
    if (status === 101) {
      if (!isTunnel) throw new UnsoundAnswer('a 101 that nobody asked for');
      answers.push({ status, fields, body: text.slice(at), isWhole: true });
      return answers;
    }
    if (status < 200) continue;
    const isHead = methods[finals] === 'HEAD' || isNextHead(text, at, methods.length === 0);
    finals += 1;
    const body = bodyOf(text, at, { status, fields, isHead });
    answers.push({ status, fields, body: body.text, isWhole: body.isWhole });
    at = body.end;
  }
  return answers;
}

/** Whose method is not known may be an answer to HEAD: then the next head follows at once, or nothing. */
function isNextHead(text: string, at: number, isUnknown: boolean): boolean {
  return isUnknown && (at === text.length || text.startsWith('HTTP/1.1 ', at));
}

function readHead(head: string): { status: number; fields: Map<string, string> } {
  const [line = '', ...lines] = head.split('\r\n');
  const status = Number(/^HTTP\/1\.1 ([1-5][0-9]{2}) [\t -~\x80-\xff]*$/.exec(line)?.[1]);
  if (Number.isNaN(status)) throw new UnsoundAnswer(`status line ${JSON.stringify(line)}`);
  const fields = new Map<string, string>();
  for (const field of lines) {
    const parts = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]?([\t -~\x80-\xff]*)$/.exec(field);
    if (parts === null) throw new UnsoundAnswer(`field ${JSON.stringify(field)}`);
    const name = (parts[1] ?? '').toLowerCase();
    if (['content-length', 'transfer-encoding'].includes(name) && fields.has(name)) {
      throw new UnsoundAnswer(`two of ${name}`);
    }
    fields.set(name, parts[2] ?? '');
  }
  if (fields.has('content-length') && fields.has('transfer-encoding')) {
    throw new UnsoundAnswer('two framings');
  }
  return { status, fields };
}

interface Body {
  readonly text: string;
  readonly end: number;
  readonly isWhole: boolean;
}

function bodyOf(
  text: string,
  from: number,
  head: { status: number; fields: ReadonlyMap<string, string>; isHead: boolean },
): Body {
  const { status, fields, isHead } = head;
  if (isHead || status === 204 || status === 304) return { text: '', end: from, isWhole: true };
  if (fields.get('transfer-encoding') === 'chunked') return chunksOf(text, from);
  const length = fields.get('content-length');
  if (length === undefined) return { text: text.slice(from), end: text.length, isWhole: true };
  if (!/^(?:0|[1-9][0-9]*)$/.test(length)) throw new UnsoundAnswer(`Content-Length ${length}`);
  const end = from + Number(length);
  return { text: text.slice(from, end), end, isWhole: end <= text.length };
}

function chunksOf(text: string, from: number): Body {
  let body = '';
  let at = from;
  for (;;) {
    const lineEnd = text.indexOf('\r\n', at);
    if (lineEnd === -1) return { text: body, end: text.length, isWhole: false };
    const line = text.slice(at, lineEnd);
    if (!/^[0-9a-f]+$/i.test(line)) throw new UnsoundAnswer(`chunk size ${JSON.stringify(line)}`);
    const size = parseInt(line, 16);
    if (size === 0) return endOfChunks(text, lineEnd, body);
    const end = lineEnd + 2 + size + 2;
    body += text.slice(lineEnd + 2, lineEnd + 2 + size);
    if (end > text.length) return { text: body, end: text.length, isWhole: false };
    if (!text.startsWith('\r\n', end - 2)) throw new UnsoundAnswer('bytes after chunk data');
    at = end;
  }
}

/** What follows the last chunk's size: trailers, and an empty line. */
function endOfChunks(text: string, lineEnd: number, body: string): Body {
  const end = text.indexOf('\r\n\r\n', lineEnd);
  if (end === -1) return { text: body, end: text.length, isWhole: false };
  for (const line of text.slice(lineEnd + 2, end).split('\r\n')) {
    const isField = line === '' || /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t -~\x80-\xff]*$/.test(line);
    if (!isField) throw new UnsoundAnswer(`trailer ${JSON.stringify(line)}`);
  }
  return { text: body, end: end + 4, isWhole: true };
}
