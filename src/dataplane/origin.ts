import type { ForwardedSettings } from '../model/settings.ts';
import type { AddressList } from './address-list.ts';
import { parseAuthority } from './authority.ts';
import { effectiveAddress } from './client-address.ts';
import { FieldBlock } from './field-block.ts';
import { FieldKind, FieldList, fieldKindOf } from './fields.ts';
import type { ClientVerdict } from './tls/client-verdict.ts';

/** Who asks, and for what, after the client's forwarded fields were believed or not. */
export class Origin {
  /** Effective address of the client. */
  readonly address: string;
  /** As X-Forwarded-Proto says it; mostly `http` or `https`. */
  readonly scheme: string;
  readonly port: string;
  readonly forwardedFor: string;
  /** Host that a trusted peer claims; undefined: the request's own. */
  readonly authority: string | undefined;
  #block: FieldBlock | undefined = undefined;

  constructor(parts: Omit<Origin, 'block'>) {
    this.address = parts.address;
    this.scheme = parts.scheme;
    this.port = parts.port;
    this.forwardedFor = parts.forwardedFor;
    this.authority = parts.authority;
  }

  /** The fields that say this to the endpoint, but for those with the authority (routing.md §10.2). */
  get block(): FieldBlock {
    this.#block ??= this.#makeBlock();
    return this.#block;
  }

  #makeBlock(): FieldBlock {
    const fields = new FieldList();
    fields.push('X-Real-IP', this.address, FieldKind.XRealIp);
    fields.push('X-Forwarded-For', this.forwardedFor, FieldKind.XForwardedFor);
    fields.push('X-Forwarded-Port', this.port, FieldKind.XForwardedPort);
    fields.push('X-Forwarded-Proto', this.scheme, FieldKind.XForwardedProto);
    fields.push('X-Forwarded-Scheme', this.scheme, FieldKind.XForwardedScheme);
    fields.push('X-Scheme', this.scheme, FieldKind.XScheme);
    return new FieldBlock(fields);
  }
}

/** How the client's TLS began, where it ends here. */
export type ClientHandshake = 'plaintext' | TlsHandshake;

export interface TlsHandshake {
  /** The name that was asked for: lower case, without a trailing dot; empty: none. */
  readonly serverName: string;
  /** Undefined: no certificate was asked for. */
  readonly verdict: ClientVerdict | undefined;
}

/** The client's end of a connection: what is the same for all its exchanges. */
export class ClientPeer {
  /** IP literal, IPv4-mapped IPv6 addresses as IPv4. */
  readonly address: string;
  readonly scheme: 'http' | 'https';
  /** As X-Forwarded-Port says it: 443 on the https listener, whatever its number. */
  readonly port: string;
  /** As the connection itself shows it. */
  readonly origin: Origin;
  /** `plaintext` too where TLS ended before us, and `scheme` says `https`. */
  readonly handshake: ClientHandshake;

  constructor(
    address: string,
    scheme: 'http' | 'https',
    port: string,
    handshake: ClientHandshake = 'plaintext',
  ) {
    this.address = address;
    this.scheme = scheme;
    this.port = port;
    this.handshake = handshake;
    this.origin = new Origin({
      address,
      scheme,
      port,
      forwardedFor: address,
      authority: undefined,
    });
  }
}

/** Source: routing.md §10.3 and §11, `use-forwarded-headers`, `enable-real-ip`, `compute-full-forwarded-for`. */
export function resolveOrigin(
  peer: ClientPeer,
  fields: FieldList,
  settings: ForwardedSettings,
  trusted: AddressList,
): Origin {
  const mayBelieve = settings.realAddress || settings.trustFields;
  if (!mayBelieve || !trusted.matches(peer.address)) return peer.origin;
  const { scheme, port } = peer;
  const address = effectiveAddress(valuesOf(fields, settings.forHeader), peer.address, trusted);
  if (!settings.trustFields) {
    return new Origin({ address, scheme, port, forwardedFor: address, authority: undefined });
  }
  return new Origin({
    address,
    scheme: believed(fields, FieldKind.XForwardedProto, isScheme) ?? scheme,
    port: believed(fields, FieldKind.XForwardedPort, isPort) ?? port,
    forwardedFor: settings.appendFor ? appendedFor(fields, peer) : address,
    authority: believed(fields, FieldKind.XForwardedHost, isAuthority),
  });
}

function appendedFor(fields: FieldList, peer: ClientPeer): string {
  const received = valuesOf(fields, 'x-forwarded-for');
  return received === undefined ? peer.address : `${received}, ${peer.address}`;
}

const SCHEME_TEXT = /^[A-Za-z][A-Za-z0-9+.-]*$/;
const PORT_TEXT = /^[0-9]{1,5}$/;

const isScheme = (text: string): boolean => SCHEME_TEXT.test(text);
const isPort = (text: string): boolean => PORT_TEXT.test(text);
const isAuthority = (text: string): boolean => parseAuthority(text) !== undefined;

/** The first of the elements that a trusted peer sent, if it is sound. */
function believed(
  fields: FieldList,
  kind: number,
  isSound: (text: string) => boolean,
): string | undefined {
  const first = fields.get(kind)?.split(',', 1)[0]?.trim();
  return first !== undefined && isSound(first) ? first : undefined;
}

/** Without a look-up for the names that nearly everybody has set. */
function kindOfHeader(lowerName: string): number {
  if (lowerName === 'x-forwarded-for') return FieldKind.XForwardedFor;
  if (lowerName === 'x-forwarded-host') return FieldKind.XForwardedHost;
  return fieldKindOf(lowerName);
}

/** Values of all lines of a name (lower case), in order, as one list. */
export function valuesOf(fields: FieldList, lowerName: string): string | undefined {
  const kind = kindOfHeader(lowerName);
  let list: string | undefined;
  for (let index = 0; index < fields.length; index++) {
    if (fields.kinds[index] !== kind) continue;
    if (fields.names[index]?.toLowerCase() !== lowerName) continue;
    const value = fields.values[index] ?? '';
    list = list === undefined ? value : `${list}, ${value}`;
  }
  return list;
}
