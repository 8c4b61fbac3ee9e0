import type { AnswerHead } from '../codec.ts';
import type { FieldList } from '../fields.ts';
import { fieldLines } from './request-head-text.ts';

export interface AnswerFraming {
  readonly body: 'as-is' | 'chunked' | 'tunnel';
  readonly connection: 'close' | 'keep-alive' | 'upgrade' | undefined;
}

/** The head of an answer as it goes to a client; exactly one framing. */
export function answerHeadText(head: AnswerHead, { body, connection }: AnswerFraming): string {
  let text = statusLine(head.status, head.reason) + fieldLines(head.fields);
  const length = head.body >= 0 ? head.body : head.declaredLength;
  if (body === 'chunked') text += 'Transfer-Encoding: chunked\r\n';
  else if (body === 'as-is' && length !== undefined) text += `Content-Length: ${length}\r\n`;
  if (connection !== undefined) text += `Connection: ${connection}\r\n`;
  if (connection === 'upgrade') text += 'Upgrade: websocket\r\n';
  return `${text}\r\n`;
}

export function interimText(status: number, reason: string, fields: FieldList): string {
  return `${statusLine(status, reason)}${fieldLines(fields)}\r\n`;
}

function statusLine(status: number, reason: string): string {
  return `HTTP/1.1 ${status} ${reason}\r\n`;
}
