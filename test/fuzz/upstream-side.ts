/** A hostile upstream, and clients that ask it for something and then for something else on the same connection. */
import type { Socket } from 'node:net';
import { addressOf, say, talk, type Heard } from './connection.ts';
import upstreamCorpus from './corpus/upstream.json' with { type: 'json' };
import { startStrictEndpoint } from './endpoint.ts';
import { mutateHttp1 } from './http1-mutators.ts';
import { startFuzzedProxy } from './proxy.ts';
import type { Side, SideKind } from './side.ts';
import { judgeSound, readAnswers, type SoundAnswer } from './sound-answers.ts';
import { cutStream, textOf, type FuzzStream } from './stream.ts';
import { wholeAnswer } from './whole-messages.ts';

export const http1Upstream: SideKind = {
  generate: (random) => cutStream(random, mutateHttp1(random, upstreamCorpus)),
  start: startUpstreamSide,
};

/** The request that the stream answers: by the stream's number, so that all kinds meet all answers. */
function requestFor(index: number): { readonly method: string; readonly text: string } {
  const line = (method: string, version = '1.1') =>
    `${method} /hostile/${index} HTTP/${version}\r\nHost: app.test\r\n`;
  switch (index % 6) {
    case 0:
      return { method: 'HEAD', text: `${line('HEAD')}\r\n` };
    case 1:
      return { method: 'POST', text: `${line('POST')}Content-Length: 5\r\n\r\nhello` };
    case 2:
      return {
        method: 'GET',
        text: `${line('GET')}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`,
      };
    case 3:
      return { method: 'GET', text: `${line('GET', '1.0')}Connection: keep-alive\r\n\r\n` };
    default:
      return { method: 'GET', text: `${line('GET')}\r\n` };
  }
}

async function startUpstreamSide(): Promise<Side> {
  const upstream = await startHostileUpstream();
  const proxy = await startFuzzedProxy({ address: '127.0.0.1', port: upstream.port });
  return {
    proxy,
    async run(index, stream) {
      upstream.expect(index, stream);
      const { text } = requestFor(index);
      const second = `GET /clean/${index} HTTP/1.1\r\nHost: app.test\r\n\r\n`;
      const heard = await talk(proxy.port, addressOf(index), {
        pieces: [Buffer.from(text + second, 'latin1')],
        ending: 'end',
      });
      return [
        ...judge(index, stream, heard),
        ...(heard.end === 'never' ? ['the connection was not ended'] : []),
      ];
    },
    takeFaults: () => [...upstream.faults.splice(0), ...proxy.takeErrors()],
    close() {
      proxy.destroy();
      upstream.close();
    },
  };
}

function judge(index: number, stream: FuzzStream, heard: Heard): string[] {
  const { method } = requestFor(index);
  return judgeSound(() => {
    const [first, second] = readAnswers(heard.text, index % 6 === 2, [method, 'GET']);
    if (first === undefined || first.status === 101) return [];
    return [
      ...judgeFirst(method, stream, { ...first, isWhole: first.isWhole && heard.end === 'end' }),
      ...(second?.isWhole === true && second.body !== `clean ${index}`
        ? [`somebody else's answer: ${JSON.stringify(second.body)}`]
        : []),
    ];
  });
}

/** What the client may take for the whole of an answer was whole at the upstream, or is our own page. */
function judgeFirst(method: string, stream: FuzzStream, answer: SoundAnswer): string[] {
  const isOwn =
    [502, 504].includes(answer.status) && answer.fields.get('x-content-type-options') === 'nosniff';
  if (isOwn || !answer.isWhole) return [];
  const whole = wholeAnswer(textOf(stream), method, stream.ending !== 'reset');
  const isSame = whole?.status === answer.status && whole.body === answer.body;
  return isSame ? [] : [`passed on as whole: ${answer.status} ${JSON.stringify(answer.body)}`];
}

interface HostileUpstream {
  readonly port: number;
  readonly faults: string[];
  /** What `/hostile/<index>` is answered with, once. */
  expect(index: number, stream: FuzzStream): void;
  close(): void;
}

async function startHostileUpstream(): Promise<HostileUpstream> {
  const faults: string[] = [];
  const streams = new Map<string, FuzzStream>();
  const endpoint = await startStrictEndpoint(faults, (socket, { target }) => {
    const [, kind, index = ''] = target.split('/');
    const stream = streams.get(index);
    streams.delete(index);
    if (kind !== 'hostile') answerClean(socket, index);
    else if (stream !== undefined) void say(socket, stream);
    else socket.destroy();
  });
  return {
    port: endpoint.port,
    faults,
    expect: (index, stream) =>
      streams.set(String(index), withoutLateBytes(stream, requestFor(index).method)),
    close: endpoint.close,
  };
}

/**
 * What follows a whole answer comes with its end: bytes that come later, when the connection may carry another request, are
 * that one's answer by all that a proxy can know.
 */
function withoutLateBytes(stream: FuzzStream, method: string): FuzzStream {
  const { pieces } = stream;
  let said = '';
  const last = pieces.findIndex((piece) => {
    said += piece.toString('latin1');
    return wholeAnswer(said, method, false) !== undefined;
  });
  if (last === -1) return stream;
  return { ...stream, pieces: [...pieces.slice(0, last), Buffer.concat(pieces.slice(last))] };
}

function answerClean(socket: Socket, index: string): void {
  const body = `clean ${index}`;
  socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
}
