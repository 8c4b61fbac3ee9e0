import type { ForwardedSettings } from '../model/settings.ts';
import { kindMask, type KindMask } from './field-block.ts';
import { FieldKind, FieldList } from './fields.ts';
import { valuesOf } from './origin.ts';

/** Fields of a client that are never passed on as received: ours take their place, or nothing does (security.md 2.3, 2.4). */
const REPLACED: readonly number[] = [
  FieldKind.XRequestId,
  FieldKind.XRealIp,
  FieldKind.XForwardedFor,
  FieldKind.XForwardedHost,
  FieldKind.XForwardedProto,
  FieldKind.XForwardedPort,
  FieldKind.XForwardedScheme,
  FieldKind.XScheme,
  FieldKind.XOriginalForwardedFor,
  FieldKind.XOriginalForwardedHost,
  FieldKind.SslClient,
];
const DROPPED = kindMask(REPLACED);
const DROPPED_WITH_ORIGINAL_URI = kindMask([...REPLACED, FieldKind.XOriginalUri]);

/** What of a client's fields does not go upstream. */
export function droppedRequestFields(settings: ForwardedSettings): KindMask {
  return settings.originalUri ? DROPPED_WITH_ORIGINAL_URI : DROPPED;
}

/**
 * What the client itself said before our fields took the place of its own; undefined where there is nothing to say, which
 * is the rule. Source: routing.md §10.2.
 */
export function originalFields(
  { fields, target }: { readonly fields: FieldList; readonly target: string },
  settings: ForwardedSettings,
): FieldList | undefined {
  const forwardedFor = valuesOf(fields, settings.forHeader);
  const forwardedHost = valuesOf(fields, settings.hostHeader);
  const isSilent = forwardedFor === undefined && forwardedHost === undefined;
  if (isSilent && !settings.originalUri) return undefined;
  const originals = new FieldList();
  if (forwardedFor !== undefined) {
    originals.push('X-Original-Forwarded-For', forwardedFor, FieldKind.XOriginalForwardedFor);
  }
  if (forwardedHost !== undefined) {
    originals.push('X-Original-Forwarded-Host', forwardedHost, FieldKind.XOriginalForwardedHost);
  }
  if (settings.originalUri) originals.push('X-Original-URI', target, FieldKind.XOriginalUri);
  return originals;
}
