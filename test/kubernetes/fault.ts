import type { ServerResponse } from 'node:http';

/** How one answer goes wrong. */
export type Fault =
  /** Refused, as by a busy or restarted server. */
  | { readonly kind: 'status'; readonly status: number; readonly retryAfter?: number }
  /** No head, ever. */
  | { readonly kind: 'mute' }
  /** These bytes in so many writes as a 200, then the end, silence, or a reset. */
  | {
      readonly kind: 'bytes';
      readonly writes: readonly (string | Buffer)[];
      readonly then: 'end' | 'stall' | 'reset';
    };

/** A Status, as a kube-apiserver refuses with. */
export function refuse(
  response: ServerResponse,
  code: number,
  message: string,
  retryAfter?: number,
): void {
  response.writeHead(code, {
    'content-type': 'application/json',
    ...(retryAfter !== undefined && { 'retry-after': String(retryAfter) }),
  });
  response.end(JSON.stringify({ kind: 'Status', status: 'Failure', code, message }));
}

/** In so many pieces, with a pause before each. */
export function writeSlowly(
  response: ServerResponse,
  body: string,
  { pieces, everyMs }: { readonly pieces: number; readonly everyMs: number },
): void {
  const size = Math.ceil(body.length / pieces);
  let sent = 0;
  const timer = setInterval(() => {
    response.write(body.slice(sent, sent + size));
    sent += size;
    if (sent < body.length) return;
    clearInterval(timer);
    response.end();
  }, everyMs);
  response.once('close', () => {
    clearInterval(timer);
  });
}

/** Answers with a fault. */
export function misbehave(response: ServerResponse, fault: Fault): void {
  if (fault.kind === 'mute') return;
  if (fault.kind === 'status') {
    refuse(response, fault.status, 'not now', fault.retryAfter);
    return;
  }
  response.writeHead(200, { 'content-type': 'application/json' });
  for (const bytes of fault.writes) response.write(bytes);
  if (fault.then === 'end') response.end();
  else if (fault.then === 'reset') response.socket?.destroy();
}
