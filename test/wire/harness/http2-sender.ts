import {
  connect,
  constants,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type IncomingHttpHeaders,
} from 'node:http2';
import type { LoadOptions, Sender } from './steady-load.ts';

const SESSIONS = 8;
const LONGEST_MS = 30_000;

/** Requests over a few connections of HTTP/2, over TLS; where one is to end, the next request gets another. */
export function createHttp2Sender(options: LoadOptions): Sender {
  const sessions = new Array<ClientHttp2Session | undefined>(SESSIONS).fill(undefined);
  let sent = 0;
  const sessionFor = (index: number): ClientHttp2Session => {
    const present = sessions[index];
    if (present !== undefined && !present.closed && !present.destroyed) return present;
    const session = connect(`https://127.0.0.1:${options.port}`, { rejectUnauthorized: false });
    session.on('error', () => undefined);
    sessions[index] = session;
    return session;
  };
  return {
    send(done) {
      send(sessionFor, sent++ % SESSIONS, options, done);
    },
    close() {
      for (const session of sessions) session?.destroy();
    },
  };
}

function send(
  sessionFor: (index: number) => ClientHttp2Session,
  index: number,
  options: LoadOptions,
  done: (fault: string | undefined) => void,
): void {
  const { path = '/', body } = options;
  const method = body === undefined ? 'GET' : 'POST';
  const stream = sessionFor(index).request({ ':method': method, ':path': path });
  let status: number | undefined;
  stream.on('response', (head: IncomingHttpHeaders) => (status = Number(head[':status'])));
  stream.setTimeout(LONGEST_MS, () => {
    stream.close(constants.NGHTTP2_CANCEL);
  });
  let fault: string | undefined;
  stream.on('error', (error: NodeJS.ErrnoException) => (fault = error.code ?? error.message));
  stream.on('close', () => {
    // A GOAWAY that does not count this stream says that nothing was done with it (RFC 9113 6.8): any client asks again.
    if (stream.rstCode === constants.NGHTTP2_REFUSED_STREAM) send(sessionFor, index, options, done);
    else done(fault ?? faultOf(stream, status));
  });
  stream.resume();
  stream.end(body);
}

function faultOf(stream: ClientHttp2Stream, status: number | undefined): string | undefined {
  if (stream.rstCode !== constants.NGHTTP2_NO_ERROR) return `reset ${stream.rstCode}`;
  if (status !== 200) return String(status);
  return stream.readableEnded ? undefined : 'cut';
}
