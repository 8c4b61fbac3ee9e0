import ipaddr from 'ipaddr.js';
import { isIP } from 'node:net';
import type { ProxiedClient } from './proxy-protocol.ts';

export type ProxyVersion = 'v1' | 'v2';

/** Signature of version 2, then its version. */
const BINARY_START = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const COMMAND_LOCAL = 0x20;
const COMMAND_PROXY = 0x21;
const TCP_OVER_IPV4 = 0x11;
const TCP_OVER_IPV6 = 0x21;

/**
 * The header that tells an endpoint whose connection it is (PROXY protocol, versions 1 and 2). Where one end is IPv6 so are
 * both, as the protocol wants it; a client whose address is not known any more is nobody (`UNKNOWN`, `LOCAL`).
 */
export function proxyHeader(version: ProxyVersion, client: ProxiedClient): Buffer {
  const { address, port, destinationAddress, destinationPort } = client;
  if (isIP(address) === 0 || isIP(destinationAddress) === 0) return nobody(version);
  const ends = [ipaddr.parse(address), ipaddr.parse(destinationAddress)];
  const isIpv4 = ends.every((each) => each.kind() === 'ipv4');
  const same = isIpv4 ? ends : ends.map(toIpv6);
  if (version === 'v1') {
    const [source = '', destination = ''] = same.map(String);
    const family = isIpv4 ? 'TCP4' : 'TCP6';
    const text = `PROXY ${family} ${source} ${destination} ${port} ${destinationPort}\r\n`;
    return Buffer.from(text, 'latin1');
  }
  const ports = Buffer.alloc(4);
  ports.writeUInt16BE(port, 0);
  ports.writeUInt16BE(destinationPort, 2);
  const payload = Buffer.concat([...same.map((each) => Buffer.from(each.toByteArray())), ports]);
  return binary(COMMAND_PROXY, isIpv4 ? TCP_OVER_IPV4 : TCP_OVER_IPV6, payload);
}

function nobody(version: ProxyVersion): Buffer {
  if (version === 'v1') return Buffer.from('PROXY UNKNOWN\r\n', 'latin1');
  return binary(COMMAND_LOCAL, 0, Buffer.alloc(0));
}

function binary(command: number, family: number, payload: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(payload.length);
  return Buffer.concat([BINARY_START, Buffer.of(command, family), length, payload]);
}

function toIpv6(address: ipaddr.IPv4 | ipaddr.IPv6): ipaddr.IPv6 {
  return address instanceof ipaddr.IPv4 ? address.toIPv4MappedAddress() : address;
}
