/** A hostile endpoint of HTTP/2, and clients that ask it for something, each on a connection of the proxy's own to it. */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { CLIENT_PREFACE, Flag, FrameType } from '../../src/dataplane/http2/frames.ts';
import { HpackDecoder } from '../../src/dataplane/http2/hpack/decoder.ts';
import { addressOf, say, talk, type Heard } from './connection.ts';
import { startEndpoint } from './endpoint.ts';
import { encodeFrames, type FuzzFrame } from './http2-frame.ts';
import { wholeHttp2Answer } from './http2-messages.ts';
import { mutateHttp2Answers } from './http2-mutators.ts';
import { startFuzzedProxy } from './proxy.ts';
import { readFrames } from './read-frames.ts';
import type { Side, SideKind } from './side.ts';
import { judgeSound, readAnswers } from './sound-answers.ts';
import { cutStream, textOf, type FuzzStream } from './stream.ts';

const SETTINGS: FuzzFrame = {
  type: FrameType.Settings,
  flags: Flag.None,
  streamId: 0,
  payload: Buffer.alloc(0),
};

export const http2Upstream: SideKind = {
  generate: (random) => cutStream(random, mutateHttp2Answers(random)),
  start: startUpstreamSide,
};

function requestFor(index: number): { readonly method: string; readonly text: string } {
  const method = index % 3 === 0 ? 'POST' : 'GET';
  const head = `${method} /hostile/${index} HTTP/1.1\r\nHost: app.test\r\nConnection: close\r\n`;
  if (method === 'POST') return { method, text: `${head}Content-Length: 5\r\n\r\nhello` };
  return { method, text: index % 3 === 1 ? `${head}\r\n` : `${head}TE: trailers\r\n\r\n` };
}

async function startUpstreamSide(): Promise<Side> {
  const upstream = await startHostileUpstream();
  const proxy = await startFuzzedProxy({ address: '127.0.0.1', port: upstream.port }, 'grpc');
  // Streams of HTTP/2 share connections: what one breaks the others may lose. So they come one after the other.
  let before: Promise<unknown> = Promise.resolve();
  const runAlone = async (index: number, stream: FuzzStream): Promise<string[]> => {
    upstream.expect(index, stream);
    const pieces = [Buffer.from(requestFor(index).text)];
    const heard = await talk(proxy.port, addressOf(index), { pieces, ending: 'end' });
    await upstream.hangUp();
    return judge(index, stream, heard, upstream.lastStreamId());
  };
  return {
    proxy,
    run(index, stream) {
      const run = before.then(() => runAlone(index, stream));
      before = run;
      return run;
    },
    takeFaults: () => [...upstream.faults.splice(0), ...proxy.takeErrors()],
    close() {
      proxy.destroy();
      upstream.close();
    },
  };
}

/** What the client may take for the whole of an answer was whole at the upstream, or is our own page. */
function judge(index: number, stream: FuzzStream, heard: Heard, streamId: number): string[] {
  if (heard.end === 'never') return ['the connection was not ended'];
  return judgeSound(() => {
    const [answer] = readAnswers(heard.text, false, [requestFor(index).method]);
    const isOwn = [502, 504].includes(answer?.status ?? 0);
    if (answer === undefined || isOwn || !answer.isWhole || heard.end === 'cut') return [];
    const whole = wholeHttp2Answer(Buffer.from(textOf(stream), 'latin1'), streamId);
    const isSame = whole?.status === answer.status && whole.body === answer.body;
    return isSame ? [] : [`passed on as whole: ${answer.status} ${JSON.stringify(answer.body)}`];
  });
}

interface HostileUpstream {
  readonly port: number;
  readonly faults: string[];
  /** What `/hostile/<index>` is answered with, once. */
  expect(index: number, stream: FuzzStream): void;
  /** On which stream the last hostile answer was asked for: not the first, where a clean request came before. */
  lastStreamId(): number;
  /** Ends all connections. */
  hangUp(): Promise<void>;
  close(): void;
}

async function startHostileUpstream(): Promise<HostileUpstream> {
  const faults: string[] = [];
  const streams = new Map<string, FuzzStream>();
  let lastStreamId = 1;
  const endpoint = await startEndpoint((socket) => {
    // Before this the proxy sends no request.
    socket.write(encodeFrames([SETTINGS]));
    readRequests(socket, faults, (path, streamId) => {
      const [, kind, index = ''] = path.split('/');
      const stream = streams.get(index);
      streams.delete(index);
      if (kind === 'hostile' && stream !== undefined) lastStreamId = streamId;
      if (kind !== 'hostile') answerClean(socket, streamId, index);
      else if (stream !== undefined) void say(socket, stream);
      else socket.destroy();
    });
  });
  return {
    port: endpoint.port,
    faults,
    expect: (index, stream) => streams.set(String(index), stream),
    lastStreamId: () => lastStreamId,
    async hangUp() {
      const closed = [...endpoint.sockets].map((socket) => {
        socket.destroy();
        return socket.closed ? Promise.resolve([]) : once(socket, 'close');
      });
      await Promise.all(closed);
    },
    close: endpoint.close,
  };
}

/** The path and stream of each head that comes; a preface or a head that is none is the proxy's fault. */
function readRequests(
  socket: Socket,
  faults: string[],
  onHead: (path: string, streamId: number) => void,
): void {
  const decoder = new HpackDecoder(4096);
  let bytes = Buffer.alloc(0);
  let at = 0;
  socket.on('data', (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk]);
    if (bytes.length < CLIENT_PREFACE.length) return;
    if (at === 0) at = CLIENT_PREFACE.length;
    if (!bytes.toString('latin1', 0, at).startsWith(CLIENT_PREFACE)) faults.push('no preface');
    for (const { type, streamId, payload } of readFrames(bytes.subarray(at))) {
      at += 9 + payload.length;
      if (type !== FrameType.Headers) continue;
      const path = pathOf(decoder, payload);
      if (path === undefined) faults.push(`no head: ${payload.toString('hex')}`);
      else onHead(path, streamId);
    }
  });
}

/** The proxy's heads lie in one frame each, without padding and priority. */
function pathOf(decoder: HpackDecoder, block: Buffer): string | undefined {
  let path: string | undefined;
  const result = decoder.decode(block, 0, block.length, 100_000, (name, value) => {
    if (name === ':path') path = value;
  });
  return result === 'ok' ? path : undefined;
}

function answerClean(socket: Socket, streamId: number, index: string): void {
  const payload = Buffer.from(`clean ${index}`);
  const frames = [
    { type: FrameType.Headers, flags: Flag.EndHeaders, streamId, payload: Buffer.from([0x88]) },
    { type: FrameType.Data, flags: Flag.EndStream, streamId, payload },
  ];
  socket.write(encodeFrames(frames));
}
