import type { RouteBuffering } from '../model/config.ts';
import { FieldKind, type FieldList } from './fields.ts';

/** Where the endpoint asks for it and its route names no size; with what is on its way anyway, below 256 KiB a stream. */
const ASKED_BYTES = 131_072;

/**
 * How much of an answer is read ahead of a client that takes it slowly, in bytes. The endpoint's own `X-Accel-Buffering: yes`
 * or `no` decides over the route's `proxy-buffering`.
 */
export function readAheadBytes(fields: FieldList, buffering: RouteBuffering | undefined): number {
  const configured = buffering?.readAheadBytes ?? 'none';
  const asked = fields.kinds.includes(FieldKind.XAccel) ? accelBuffering(fields) : undefined;
  if (asked === 'no') return 0;
  if (configured === 'none') return asked === 'yes' ? ASKED_BYTES : 0;
  return configured;
}

function accelBuffering({ names, values }: FieldList): string | undefined {
  const index = names.findIndex((name) => name.toLowerCase() === 'x-accel-buffering');
  return values[index]?.toLowerCase();
}
