import type { ExchangeRecord, UpstreamAttempt } from './exchange-record.ts';
import { toBinary } from './log-escape.ts';
import { secondsText, timeIso8601, timeLocal } from './log-time.ts';

/**
 * The `$variables` of a log format. `undefined` is missing (`-` in a line); an empty text prints as nothing, as
 * ingress-nginx prints what its configuration sets to nothing.
 */
export interface LogVariable {
  /** `ours`: made here, needs no escaping; `bytes`: a binary string with whatever a client sent. */
  readonly origin: 'ours' | 'bytes';
  readonly valueOf: (record: ExchangeRecord) => string | undefined;
}

type ValueOf = LogVariable['valueOf'];
const ours = (valueOf: ValueOf): LogVariable => ({ origin: 'ours', valueOf });
const bytes = (valueOf: ValueOf): LogVariable => ({ origin: 'bytes', valueOf });

const remoteAddress = ours((record) => record.clientAddress || undefined);
const requestId = bytes((record) => record.requestId || undefined);
const host = bytes((record) => hostOf(record.authority) || undefined);
const scheme = ours((record) => record.scheme);
const query = bytes((record) => queryOf(record.target) || undefined);

const variables = new Map<string, LogVariable>([
  ['remote_addr', remoteAddress],
  ['the_real_ip', remoteAddress],
  ['remote_user', bytes(remoteUser)],
  ['time_local', ours((record) => timeLocal(record.startedAtMs + record.durationMs))],
  ['time_iso8601', ours((record) => timeIso8601(record.startedAtMs + record.durationMs))],
  ['msec', ours((record) => secondsText(record.startedAtMs + record.durationMs))],
  ['request', bytes(requestLine)],
  ['request_method', bytes((record) => record.method || undefined)],
  ['request_uri', bytes((record) => record.target || undefined)],
  ['escaped_request_uri', ours((record) => percentEncode(record.target) || undefined)],
  ['uri', bytes((record) => pathOf(record.target) || undefined)],
  ['args', query],
  ['query_string', query],
  ['is_args', ours((record) => (record.target.includes('?') ? '?' : ''))],
  ['request_id', requestId],
  ['req_id', requestId],
  ['request_length', ours((record) => String(record.requestBytes))],
  ['request_time', ours((record) => secondsText(record.durationMs))],
  ['status', ours((record) => String(record.status))],
  ['bytes_sent', ours((record) => String(record.responseBytes))],
  ['body_bytes_sent', ours((record) => String(record.responseBodyBytes))],
  ['scheme', scheme],
  ['pass_access_scheme', scheme],
  ['https', ours((record) => (record.scheme === 'https' ? 'on' : ''))],
  ['protocol', ours((record) => record.protocol)],
  ['server_protocol', ours((record) => record.protocol)],
  ['server_name', bytes((record) => toBinary(record.virtualHost ?? '') || '_')],
  ['host', host],
  ['best_http_host', bytes((record) => record.authority || undefined)],
  ['http_host', bytes((record) => record.authority || undefined)],
  ['http_referer', bytes((record) => record.referer || undefined)],
  ['http_user_agent', bytes((record) => record.userAgent || undefined)],
  ['namespace', bytes((record) => toBinary(record.labels?.namespace ?? ''))],
  ['ingress_name', bytes((record) => toBinary(record.labels?.ingress ?? ''))],
  ['service_name', bytes((record) => toBinary(record.labels?.service ?? ''))],
  ['service_port', bytes((record) => toBinary(record.labels?.servicePort ?? ''))],
  ['location_path', bytes((record) => toBinary(record.labels?.path ?? ''))],
  ['proxy_upstream_name', bytes((record) => toBinary(record.clusterName))],
  ['proxy_alternative_upstream_name', ours(() => '')],
  ['upstream_addr', perAttempt((attempt) => attempt.address)],
  ['upstream_response_length', perAttempt((attempt) => String(attempt.bytes))],
  ['upstream_bytes_received', perAttempt((attempt) => String(attempt.bytes))],
  ['upstream_status', perAttempt(({ status }) => status?.toString())],
  ['upstream_connect_time', perAttempt(({ connectMs }) => seconds(connectMs))],
  ['upstream_header_time', perAttempt(({ headMs }) => seconds(headMs))],
  ['upstream_response_time', perAttempt(({ responseMs }) => seconds(responseMs))],
]);

/** Undefined: nobody knows a variable of this name. */
export function logVariable(name: string): LogVariable | undefined {
  const known = variables.get(name);
  if (known !== undefined) return known;
  const [, family, rest] = /^(http|cookie|arg)_(.+)$/.exec(name) ?? [];
  if (rest === undefined) return undefined;
  if (family === 'http') return bytes((record) => fieldValue(record, rest));
  if (family === 'cookie') return bytes((record) => cookieValue(record, rest));
  return bytes((record) => argumentValue(record.target, rest));
}

function requestLine({ method, target, protocol }: ExchangeRecord): string | undefined {
  return method === '' ? undefined : `${method} ${target} ${protocol}`;
}

/** The user part of Basic credentials (RFC 7617 §2), whether they are right or not; the password is never looked at. */
function remoteUser(record: ExchangeRecord): string | undefined {
  const credentials = fieldValue(record, 'authorization');
  const [, encoded] = /^basic +([\w+/=-]+)$/i.exec(credentials ?? '') ?? [];
  if (encoded === undefined) return undefined;
  const decoded = Buffer.from(encoded, 'base64').toString('latin1');
  const colon = decoded.indexOf(':');
  return colon > 0 ? decoded.slice(0, colon) : undefined;
}

/** `name` as in a variable: lower case, underscores for hyphens. Several fields of one name are joined, as nginx does. */
function fieldValue({ requestFields }: ExchangeRecord, name: string): string | undefined {
  if (requestFields === undefined) return undefined;
  let found: string | undefined;
  const { names } = requestFields;
  // Counted by hand: this runs for each exchange, because `$remote_user` is in the default format.
  for (let position = 0; position < names.length; position++) {
    const fieldName = names[position] ?? '';
    if (fieldName.length !== name.length) continue;
    if (fieldName.toLowerCase().replaceAll('-', '_') !== name) continue;
    const value = requestFields.values[position] ?? '';
    found = found === undefined ? value : `${found}, ${value}`;
  }
  return found;
}

function cookieValue(record: ExchangeRecord, name: string): string | undefined {
  for (const pair of fieldValue(record, 'cookie')?.split(/[;,] */) ?? []) {
    const equals = pair.indexOf('=');
    if (pair.slice(0, equals) === name) return pair.slice(equals + 1);
  }
  return undefined;
}

/** nginx compares argument names without case. */
function argumentValue(target: string, name: string): string | undefined {
  for (const pair of queryOf(target).split('&')) {
    const equals = pair.indexOf('=');
    if (equals > 0 && pair.slice(0, equals).toLowerCase() === name.toLowerCase()) {
      return pair.slice(equals + 1);
    }
  }
  return undefined;
}

/** One attempt's value, or those of all attempts in order: `10.0.0.1:80, 10.0.0.2:80`. */
function perAttempt(textOf: (attempt: UpstreamAttempt) => string | undefined): LogVariable {
  return ours(({ attempts }) => {
    const [first] = attempts;
    if (first === undefined) return undefined;
    if (attempts.length === 1) return textOf(first);
    return attempts.map((attempt) => textOf(attempt) ?? '-').join(', ');
  });
}

function seconds(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : secondsText(ms);
}

function hostOf(authority: string): string {
  return authority.replace(/:\d*$/, '').toLowerCase();
}

function pathOf(target: string): string {
  const mark = target.indexOf('?');
  return mark < 0 ? target : target.slice(0, mark);
}

function queryOf(target: string): string {
  const mark = target.indexOf('?');
  return mark < 0 ? '' : target.slice(mark + 1);
}

/** Everything but RFC 3986's unreserved characters, byte by byte. */
function percentEncode(value: string): string {
  return value.replace(
    /[^\w.~-]/g,
    (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
}
