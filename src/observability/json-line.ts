import type { ExchangeRecord, UpstreamAttempt } from './exchange-record.ts';
import { escapeJson, toBinary } from './log-escape.ts';
import { timeUtc } from './log-time.ts';

/**
 * Our own access line: one JSON object with typed values and the attempts as a list. Names are those of nginx's variables
 * where there is one. A binary string, like every line.
 */
export function jsonLine(record: ExchangeRecord): string {
  const { labels } = record;
  return (
    `{"time":"${timeUtc(record.startedAtMs)}"` +
    wire('remote_addr', record.clientAddress) +
    wire('request_id', record.requestId) +
    wire('method', record.method) +
    `,"scheme":"${record.scheme}"` +
    wire('host', record.authority) +
    wire('target', record.target) +
    `,"protocol":"${record.protocol}","status":${record.status}` +
    `,"duration_ms":${milliseconds(record.durationMs)}` +
    `,"request_length":${record.requestBytes}` +
    `,"bytes_sent":${record.responseBytes},"body_bytes_sent":${record.responseBodyBytes}` +
    wire('referer', record.referer) +
    wire('user_agent', record.userAgent) +
    text('namespace', labels?.namespace) +
    text('ingress', labels?.ingress) +
    text('service', labels?.service) +
    text('service_port', labels?.servicePort) +
    text('path', labels?.path) +
    text('upstream', record.clusterName) +
    `,"attempts":[${record.attempts.map(attemptObject).join(',')}]` +
    text('failure', record.failure) +
    '}\n'
  );
}

function attemptObject(attempt: UpstreamAttempt): string {
  return (
    `{"addr":"${escapeJson(attempt.address)}","bytes":${attempt.bytes}` +
    number('status', attempt.status) +
    number('connect_ms', attempt.connectMs) +
    number('head_ms', attempt.headMs) +
    number('response_ms', attempt.responseMs) +
    '}'
  );
}

/** A member with what a client sent; nothing where it sent nothing. */
function wire(name: string, value: string): string {
  return value === '' ? '' : `,"${name}":"${escapeJson(value)}"`;
}

/** A member with text of our own side. */
function text(name: string, value: string | undefined): string {
  return value === undefined || value === '' ? '' : `,"${name}":"${escapeJson(toBinary(value))}"`;
}

function number(name: string, value: number | undefined): string {
  return value === undefined ? '' : `,"${name}":${milliseconds(value)}`;
}

/** Three decimals at most. */
function milliseconds(value: number): number {
  return Math.round(value * 1000) / 1000;
}
