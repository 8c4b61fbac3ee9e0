import type { AnswerFields } from '../answer-fields.ts';
import type { AnswerHead } from '../codec.ts';
import type { FieldList } from '../fields.ts';
import { fieldLines, passedLines } from './field-lines.ts';

export type AnswerFraming = 'as-is' | 'chunked' | 'tunnel';
export type AnswerConnection = 'close' | 'keep-alive' | undefined;

/** The head of an answer as it goes to a client; exactly one framing. */
export function answerHeadText(
  head: AnswerHead,
  { dropped, added }: AnswerFields,
  framing: AnswerFraming,
  connection: AnswerConnection,
): string {
  let text = passedLines(statusLine(head.status, head.reason), head.fields, dropped) + added.lines;
  if (framing === 'tunnel') return `${text}Connection: upgrade\r\nUpgrade: websocket\r\n\r\n`;
  const length = head.body >= 0 ? head.body : head.declaredLength;
  if (framing === 'chunked') text += 'Transfer-Encoding: chunked\r\n';
  else if (length !== undefined) text += `Content-Length: ${length}\r\n`;
  if (connection !== undefined) text += `Connection: ${connection}\r\n`;
  return `${text}\r\n`;
}

export function interimText(status: number, reason: string, fields: FieldList): string {
  return `${statusLine(status, reason)}${fieldLines(fields)}\r\n`;
}

function statusLine(status: number, reason: string): string {
  return status === 200 && reason === 'OK' ? OK_LINE : `HTTP/1.1 ${status} ${reason}\r\n`;
}

const OK_LINE = 'HTTP/1.1 200 OK\r\n';
