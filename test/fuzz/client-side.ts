/** Hostile clients before a strict upstream. */
import type { Socket } from 'node:net';
import { CLIENT_PREFACE } from '../../src/dataplane/http2/frames.ts';
import { type ReceivedRequest, valuesOf } from '../blackbox/wire/recording-upstream.ts';
import { addressOf, talk, type Heard } from './connection.ts';
import clientCorpus from './corpus/client.json' with { type: 'json' };
import { startStrictEndpoint } from './endpoint.ts';
import { mutateHttp1 } from './http1-mutators.ts';
import { startFuzzedProxy } from './proxy.ts';
import type { Side, SideKind } from './side.ts';
import { judgeSound, readAnswers } from './sound-answers.ts';
import { cutStream, textOf, type FuzzStream } from './stream.ts';
import { wholeRequests } from './whole-messages.ts';

export const http1Client: SideKind = {
  generate: (random) => cutStream(random, mutateHttp1(random, clientCorpus)),
  start: () => startClientSide({ judgeCompleted, judgeAnswers }),
};

/** What is asked of a stream, its answers and the requests that came of it. */
export interface ClientJudge {
  judgeCompleted(stream: FuzzStream, completed: readonly ReceivedRequest[]): string[];
  judgeAnswers(stream: FuzzStream, address: string, heard: Heard): string[];
  /** The client takes so little of its answers that they can't end; it leaves after so long. */
  leavesAfterMs?(stream: FuzzStream): number | undefined;
}

export async function startClientSide(judge: ClientJudge): Promise<Side> {
  const upstream = await startStrictUpstream();
  const proxy = await startFuzzedProxy({ address: '127.0.0.1', port: upstream.port });
  return {
    proxy,
    async run(index, stream) {
      const address = addressOf(index);
      const leavesAfterMs = judge.leavesAfterMs?.(stream);
      const heard = await talk(proxy.port, address, stream, leavesAfterMs);
      const isLeft = heard.end === 'never' && leavesAfterMs === undefined;
      const completed = upstream.takeCompleted(address);
      return [
        ...judge.judgeCompleted(stream, completed),
        ...judge.judgeAnswers(stream, address, heard),
        ...(isLeft ? ['the connection was not ended'] : []),
      ];
    },
    takeFaults: () => [...upstream.faults.splice(0), ...proxy.takeErrors()],
    close() {
      proxy.destroy();
      upstream.close();
    },
  };
}

/** What counts as complete upstream was complete at the client: the same messages in the same order. */
export function judgeCompleted(
  stream: FuzzStream,
  completed: readonly ReceivedRequest[],
): string[] {
  if (completed.length === 0) return [];
  const whole = wholeRequests(textOf(stream));
  let at = 0;
  for (const { method, target, body } of completed) {
    while (at < whole.length && !(whole[at]?.method === method && whole[at]?.body === body)) at++;
    if (at === whole.length) {
      return [`${method} ${target} counted as complete upstream, with ${JSON.stringify(body)}`];
    }
    at++;
  }
  return [];
}

export function judgeAnswers(stream: FuzzStream, address: string, heard: Heard): string[] {
  // Who begins with the preface speaks HTTP/2, which http2-client-side.ts is for.
  if (textOf(stream).startsWith(CLIENT_PREFACE)) return [];
  return judgeSound(() => {
    const isTunnel = /upgrade/i.test(textOf(stream));
    for (const { status, body, isWhole } of readAnswers(heard.text, isTunnel)) {
      const isForeign = status === 200 && isWhole && body !== '' && !body.endsWith(` ${address}`);
      if (isForeign) {
        return [`somebody else's answer: ${JSON.stringify(body)}`];
      }
    }
    return [];
  });
}

interface StrictUpstream {
  readonly port: number;
  readonly faults: string[];
  /** The requests that came whole from a client at this address. */
  takeCompleted(address: string): readonly ReceivedRequest[];
  close(): void;
}

async function startStrictUpstream(): Promise<StrictUpstream> {
  const faults: string[] = [];
  const completed = new Map<string, ReceivedRequest[]>();
  const endpoint = await startStrictEndpoint(faults, (socket, request) => {
    const address = valuesOf(request, 'x-real-ip').join();
    const others = completed.get(address);
    if (others === undefined) completed.set(address, [request]);
    else others.push(request);
    const isUpgrade = valuesOf(request, 'upgrade').length > 0;
    if (isUpgrade) answerUpgrade(socket, request);
    else socket.write(answerTo(request, address), 'latin1');
  });
  return {
    port: endpoint.port,
    faults,
    takeCompleted(address) {
      const requests = completed.get(address) ?? [];
      completed.delete(address);
      return requests;
    },
    close: endpoint.close,
  };
}

const SWITCHED =
  'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';

/** By the target's length: a tunnel, or none, after which the strict reader reads this connection no further. */
function answerUpgrade(socket: Socket, { target }: ReceivedRequest): void {
  if (target.length % 2 === 0) socket.write(SWITCHED);
  else socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno');
}

/** By the target's length: with a length, in chunks, after an interim answer, or with the end of the connection. */
function answerTo({ method, target }: ReceivedRequest, address: string): string {
  const body = method === 'HEAD' ? '' : `${method} ${address}`;
  const status = 'HTTP/1.1 200 OK\r\n';
  const length = `Content-Length: ${body.length}\r\n`;
  if (body === '') return `${status}${length}\r\n`;
  switch (target.length % 4) {
    case 0:
      return `${status}Transfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
    case 1:
      return `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${status}${length}\r\n${body}`;
    case 2:
      return `${status}${length}Connection: close\r\n\r\n${body}`;
    default:
      return `${status}${length}\r\n${body}`;
  }
}
