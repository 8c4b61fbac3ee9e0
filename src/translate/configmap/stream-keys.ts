import type { Passthrough } from '../../model/config.ts';
import { boolean, duration, integer } from '../value-parsers.ts';
import { defineKeys, type KeyValues } from './key.ts';

/** Attempts in all where nothing limits them: enough to meet every endpoint of most Services. */
const UNLIMITED_ATTEMPTS = 16;

/** Connections whose content the proxy does not look at. */
export const streamKeys = defineKeys({
  'proxy-stream-timeout': {
    value: duration(),
    default: '600s',
    doc: 'Longest silence, of both sides, of a TLS connection that is passed through; `0`: no limit.',
  },
  'proxy-stream-next-upstream': {
    value: boolean(),
    default: 'true',
    doc: 'Where an endpoint of such a connection can’t be reached, another one is tried.',
  },
  'proxy-stream-next-upstream-tries': {
    value: integer(0, 1_000),
    default: '3',
    doc: `Attempts in all; \`0\` means ${UNLIMITED_ATTEMPTS}.`,
  },
  'proxy-stream-next-upstream-timeout': {
    value: duration(),
    default: '600s',
    doc: 'How long after the first attempt others may begin; `0`: no limit.',
  },
});

export function passthroughLimits(
  values: KeyValues<typeof streamKeys>,
): Pick<Passthrough, 'idleMs' | 'attempts' | 'withinMs'> {
  const idleMs = values['proxy-stream-timeout'];
  const withinMs = values['proxy-stream-next-upstream-timeout'];
  const tries = values['proxy-stream-next-upstream-tries'];
  const mayRepeat = values['proxy-stream-next-upstream'];
  const attempts = tries === 0 ? UNLIMITED_ATTEMPTS : tries;
  return {
    idleMs: idleMs === 0 ? 'none' : idleMs,
    attempts: mayRepeat ? attempts : 1,
    withinMs: withinMs === 0 ? 'none' : withinMs,
  };
}
