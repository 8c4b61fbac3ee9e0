import type { ForwardedSettings } from '../model/settings.ts';
import type { AddressList } from './address-list.ts';
import { parseAuthority } from './authority.ts';
import { effectiveAddress } from './client-address.ts';
import type { ClientPeer } from './codec.ts';
import { FieldKind, FieldList, fieldKindOf } from './fields.ts';

/** Who asks, and for what, after the client's forwarded fields were believed or not. */
export interface Origin {
  /** Effective address of the client. */
  readonly address: string;
  /** As X-Forwarded-Proto says it; mostly `http` or `https`. */
  readonly scheme: string;
  readonly port: string;
  /** Goes upstream as Host. */
  readonly authority: string;
  /** The peer's forwarded fields were believed. */
  readonly isBelieved: boolean;
}

export interface Asker {
  readonly peer: ClientPeer;
  readonly authority: string;
  readonly fields: FieldList;
}

const SCHEME_TEXT = /^[A-Za-z][A-Za-z0-9+.-]*$/;
const PORT_TEXT = /^[0-9]{1,5}$/;

/** Source: routing.md §10.3 and §11, `use-forwarded-headers`, `enable-real-ip`. */
export function resolveOrigin(
  { peer, authority, fields }: Asker,
  settings: ForwardedSettings,
  trusted: AddressList,
): Origin {
  const isTrusted = trusted.matches(peer.address);
  const isBelieved = settings.trustFields && isTrusted;
  return {
    address:
      (settings.realAddress || settings.trustFields) && isTrusted
        ? effectiveAddress(valuesOf(fields, settings.forHeader), peer.address, trusted)
        : peer.address,
    scheme: believed(isBelieved, fields, FieldKind.XForwardedProto, isScheme) ?? peer.scheme,
    port: believed(isBelieved, fields, FieldKind.XForwardedPort, isPort) ?? peer.port,
    authority: believed(isBelieved, fields, FieldKind.XForwardedHost, isAuthority) ?? authority,
    isBelieved,
  };
}

const isScheme = (text: string): boolean => SCHEME_TEXT.test(text);
const isPort = (text: string): boolean => PORT_TEXT.test(text);
const isAuthority = (text: string): boolean => parseAuthority(text) !== undefined;

/** The first of the elements that a trusted peer sent, if it is sound. */
function believed(
  isBelieved: boolean,
  fields: FieldList,
  kind: number,
  isSound: (text: string) => boolean,
): string | undefined {
  if (!isBelieved) return undefined;
  const first = fields.get(kind)?.split(',', 1)[0]?.trim();
  return first !== undefined && isSound(first) ? first : undefined;
}

/** Values of all lines of a name (lower case), in order, as one list. */
function valuesOf(fields: FieldList, lowerName: string): string | undefined {
  const kind = fieldKindOf(lowerName);
  let list: string | undefined;
  for (let index = 0; index < fields.length; index++) {
    if (fields.kinds[index] !== kind) continue;
    if (fields.names[index]?.toLowerCase() !== lowerName) continue;
    const value = fields.values[index] ?? '';
    list = list === undefined ? value : `${list}, ${value}`;
  }
  return list;
}

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

/** By kind: 1 for those of a client's fields that do not go upstream. */
export function droppedKinds(settings: ForwardedSettings): Uint8Array {
  return settings.originalUri ? DROPPED_WITH_ORIGINAL_URI : DROPPED;
}

function kindMask(kinds: readonly number[]): Uint8Array {
  const mask = new Uint8Array(256);
  for (const kind of kinds) mask[kind] = 1;
  return mask;
}

export interface ForwardedRequest extends Asker {
  readonly origin: Origin;
  readonly target: string;
  /** Empty: none goes upstream. */
  readonly requestId: string;
}

/** The fields that go upstream besides the client's. Source: routing.md §10.2. */
export function forwardedFields(request: ForwardedRequest, settings: ForwardedSettings): FieldList {
  const { fields, origin } = request;
  const added = new FieldList();
  if (request.requestId !== '') {
    added.push('X-Request-ID', request.requestId, FieldKind.XRequestId);
  }
  added.push('X-Real-IP', origin.address, FieldKind.XRealIp);
  added.push('X-Forwarded-For', forwardedForValue(request, settings), FieldKind.XForwardedFor);
  added.push('X-Forwarded-Host', origin.authority, FieldKind.XForwardedHost);
  added.push('X-Forwarded-Port', origin.port, FieldKind.XForwardedPort);
  added.push('X-Forwarded-Proto', origin.scheme, FieldKind.XForwardedProto);
  added.push('X-Forwarded-Scheme', origin.scheme, FieldKind.XForwardedScheme);
  added.push('X-Scheme', origin.scheme, FieldKind.XScheme);
  const originalFor = valuesOf(fields, settings.forHeader);
  if (originalFor !== undefined) {
    added.push('X-Original-Forwarded-For', originalFor, FieldKind.XOriginalForwardedFor);
  }
  const originalHost = valuesOf(fields, settings.hostHeader);
  if (originalHost !== undefined) {
    added.push('X-Original-Forwarded-Host', originalHost, FieldKind.XOriginalForwardedHost);
  }
  if (settings.originalUri) added.push('X-Original-URI', request.target, FieldKind.XOriginalUri);
  return added;
}

function forwardedForValue(
  { fields, origin, peer }: ForwardedRequest,
  settings: ForwardedSettings,
) {
  if (!settings.appendFor || !origin.isBelieved) return origin.address;
  const received = valuesOf(fields, 'x-forwarded-for');
  return received === undefined ? peer.address : `${received}, ${peer.address}`;
}
