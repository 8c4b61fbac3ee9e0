/** Hostile clients that speak HTTP/2 in plaintext, by its preface, before a strict upstream of HTTP/1.1. */
import type { ReceivedRequest } from '../blackbox/wire/recording-upstream.ts';
import { CLIENT_PREFACE } from '../../src/dataplane/http2/frames.ts';
import { startClientSide } from './client-side.ts';
import type { Heard } from './connection.ts';
import { readHttp2Answers, wholeHttp2Requests } from './http2-messages.ts';
import { mutateHttp2 } from './http2-mutators.ts';
import { leavesAfterMs } from './http2-small-windows.ts';
import type { SideKind } from './side.ts';
import { judgeSound, readAnswers } from './sound-answers.ts';
import { cutStream, textOf, type FuzzStream } from './stream.ts';
import { wholeRequests, type WholeRequest } from './whole-messages.ts';

export const http2Client: SideKind = {
  generate: (random) => cutStream(random, mutateHttp2(random)),
  start: () => startClientSide({ judgeCompleted, judgeAnswers, leavesAfterMs }),
};

function wholeOf(text: string): WholeRequest[] {
  if (!text.startsWith(CLIENT_PREFACE)) return wholeRequests(text);
  return wholeHttp2Requests(Buffer.from(text.slice(CLIENT_PREFACE.length), 'latin1'));
}

/** What counts as complete upstream was complete at the client; streams end in any order. */
function judgeCompleted(stream: FuzzStream, completed: readonly ReceivedRequest[]): string[] {
  if (completed.length === 0) return [];
  const whole = wholeOf(textOf(stream));
  for (const { method, target, body } of completed) {
    const at = whole.findIndex((request) => request.method === method && request.body === body);
    if (at === -1)
      return [`${method} ${target} counted as complete upstream, with ${JSON.stringify(body)}`];
    whole.splice(at, 1);
  }
  return [];
}

function judgeAnswers(stream: FuzzStream, address: string, { text }: Heard): string[] {
  return judgeSound(() => {
    const isHttp2 = textOf(stream).startsWith(CLIENT_PREFACE);
    const answers = isHttp2
      ? readHttp2Answers(Buffer.from(text, 'latin1'))
      : readAnswers(text, false);
    const foreign = answers.find(
      ({ status, body, isWhole }) =>
        status === 200 && isWhole && body !== '' && !body.endsWith(` ${address}`),
    );
    return foreign === undefined ? [] : [`somebody else's answer: ${JSON.stringify(foreign.body)}`];
  });
}
