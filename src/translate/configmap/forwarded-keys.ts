import type { ForwardedSettings } from '../../model/settings.ts';
import { boolean, cidr, cidrList, matching, splitList } from '../value-parsers.ts';
import { defineKeys, type KeyValues, type Salvage } from './key.ts';

const fieldName = matching(/^[A-Za-z0-9-]{1,64}$/, 'a field name of letters, digits and `-`');

/** Whom nobody can read is not believed: the default would believe everybody. */
function readablePeers(text: string): Salvage<readonly string[]> {
  const blocks = splitList(text).map((item) => cidr().parse(item));
  const value = [...new Set(blocks.filter((block) => block !== undefined))];
  const believed =
    value.length === 0 ? 'Nobody is' : 'Only those of its items that can be read are';
  return { value, consequence: `${believed} believed until it is corrected.` };
}

export const forwardedKeys = defineKeys({
  'use-proxy-protocol': {
    value: boolean(),
    default: 'false',
    empty: false,
    doc: 'Both listeners require a PROXY header (version 1 or 2) and take the client from it where `proxy-real-ip-cidr` covers the peer; a connection without one is closed.',
  },
  'use-forwarded-headers': {
    value: boolean(),
    default: 'false',
    empty: false,
    doc: 'Believe X-Forwarded-Host, -Proto and -Port, and the client address in `forwarded-for-header`, where `proxy-real-ip-cidr` covers the peer.',
  },
  'enable-real-ip': {
    value: boolean(),
    default: 'false',
    empty: false,
    doc: 'Believe only the client address in `forwarded-for-header`.',
  },
  'proxy-real-ip-cidr': {
    value: cidrList(),
    default: '0.0.0.0/0',
    empty: [],
    salvage: readablePeers,
    doc: 'Peers, and hops in the list, that are believed; empty: nobody. Items that can’t be read are left out, and do not bring the default back.',
  },
  'forwarded-for-header': {
    value: fieldName,
    default: 'X-Forwarded-For',
    doc: "Request field with the client's address, and the hops after it.",
  },
  'forwarded-host-header': {
    value: fieldName,
    default: 'X-Forwarded-Host',
    doc: 'Request field that is passed on as X-Original-Forwarded-Host.',
  },
  'compute-full-forwarded-for': {
    value: boolean(),
    default: 'false',
    empty: false,
    doc: 'Append to the received X-Forwarded-For instead of replacing it.',
  },
  'proxy-add-original-uri-header': {
    value: boolean(),
    default: 'false',
    empty: false,
    doc: 'Send X-Original-URI with the request target as received.',
  },
  'generate-request-id': {
    value: boolean(),
    default: 'true',
    empty: false,
    doc: 'Make an X-Request-ID where the client sent none.',
  },
});

export function forwardedSettings(values: KeyValues<typeof forwardedKeys>): ForwardedSettings {
  return {
    proxyProtocol: values['use-proxy-protocol'],
    // With the PROXY protocol its address is the one that enable-real-ip asks for (routing.md §11).
    realAddress:
      values['use-forwarded-headers'] ||
      (values['enable-real-ip'] && !values['use-proxy-protocol']),
    trustFields: values['use-forwarded-headers'],
    trustedCidrs: values['proxy-real-ip-cidr'],
    appendFor: values['compute-full-forwarded-for'],
    forHeader: values['forwarded-for-header'].toLowerCase(),
    hostHeader: values['forwarded-host-header'].toLowerCase(),
    originalUri: values['proxy-add-original-uri-header'],
    generateRequestId: values['generate-request-id'],
  };
}
