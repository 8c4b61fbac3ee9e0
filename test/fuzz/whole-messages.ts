/**
 * Which messages of a byte stream are whole: read far more leniently than any proxy may, but never taking a part for a
 * whole. What a proxy passes on as complete must be among these; whether it was right to pass it on is the business of others.
 */
export interface WholeRequest {
  readonly method: string;
  readonly body: string;
}

export interface WholeAnswer {
  readonly status: number;
  readonly body: string;
}

interface Body {
  readonly text: string;
  readonly end: number;
}

/** The whole requests at the beginning of `text`. */
export function wholeRequests(text: string): WholeRequest[] {
  const found: WholeRequest[] = [];
  let at = 0;
  for (;;) {
    while (text.startsWith('\r\n', at)) at += 2;
    const headEnd = text.indexOf('\r\n\r\n', at);
    if (headEnd === -1) return found;
    const head = text.slice(at, headEnd + 2);
    const body = readBody(text, headEnd + 4, head) ?? { text: '', end: headEnd + 4 };
    if (body.end > text.length) return found;
    found.push({ method: head.slice(0, head.indexOf(' ')), body: body.text });
    at = body.end;
  }
}

/** The final answer that `text` holds; undefined: none that is whole. `isEnded`: a FIN followed it. */
export function wholeAnswer(
  text: string,
  method: string,
  isEnded: boolean,
): WholeAnswer | undefined {
  let at = 0;
  for (;;) {
    const headEnd = text.indexOf('\r\n\r\n', at);
    if (headEnd === -1) return undefined;
    const head = text.slice(at, headEnd + 2);
    const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1]);
    at = headEnd + 4;
    if (status < 200 && status !== 101) continue;
    if (method === 'HEAD' || status === 204 || status === 304) return { status, body: '' };
    const body = readBody(text, at, head);
    if (body === undefined) return isEnded ? { status, body: text.slice(at) } : undefined;
    return body.end > text.length ? undefined : { status, body: body.text };
  }
}

/** Undefined: the head says nothing of a body. An `end` beyond the text: the body is not whole. */
function readBody(text: string, from: number, head: string): Body | undefined {
  if (/\r\ntransfer-encoding[ \t]*:[^\r]*chunked/i.test(head)) return readChunks(text, from);
  const length = /\r\ncontent-length[ \t]*:[ \t]*(\d+)/i.exec(head)?.[1];
  if (length === undefined) return undefined;
  const end = from + Number(length);
  return { text: text.slice(from, end), end };
}

function readChunks(text: string, from: number): Body {
  const isNotWhole = { text: '', end: Infinity };
  let body = '';
  let at = from;
  for (;;) {
    const lineEnd = text.indexOf('\r\n', at);
    const size = parseInt(/^[0-9a-f]+/i.exec(text.slice(at, at + 20))?.[0] ?? '', 16);
    if (lineEnd === -1 || Number.isNaN(size)) return isNotWhole;
    if (size === 0) {
      if (text.startsWith('\r\n', lineEnd + 2)) return { text: body, end: lineEnd + 4 };
      const trailersEnd = text.indexOf('\r\n\r\n', lineEnd);
      return trailersEnd === -1 ? isNotWhole : { text: body, end: trailersEnd + 4 };
    }
    body += text.slice(lineEnd + 2, lineEnd + 2 + size);
    at = lineEnd + 2 + size + 2;
    if (at > text.length) return isNotWhole;
  }
}
