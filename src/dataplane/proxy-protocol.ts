import ipaddr from 'ipaddr.js';
import { isIPv4, isIPv6 } from 'node:net';

/** What a load balancer says before anything else: whose connection this is (PROXY protocol, versions 1 and 2). */
export interface ProxyHeader {
  readonly byteLength: number;
  /** Undefined: the balancer's own connection (`UNKNOWN`, `LOCAL`), or one that is not of TCP over IP. */
  readonly client: ProxiedClient | undefined;
}

/** Both ends of a client's connection. Addresses are IP literals, IPv4-mapped IPv6 addresses as IPv4. */
export interface ProxiedClient {
  readonly address: string;
  readonly port: number;
  /** Where the client connected to. */
  readonly destinationAddress: string;
  readonly destinationPort: number;
}

/** As the specification has it, CRLF included. */
const MAX_LINE_BYTES = 107;
/** Nobody's type-length-values are longer; a header may not be used to hold memory. */
const MAX_BINARY_BYTES = 4_096;
const LINE_START = Buffer.from('PROXY ', 'latin1');
const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const FIXED_BYTES = 16;
const LINE = /^PROXY (TCP4|TCP6) ([0-9A-Fa-f:.]+) ([0-9A-Fa-f:.]+) (\d{1,5}) (\d{1,5})\r\n$/;
const UNKNOWN_LINE = /^PROXY UNKNOWN(?: [ -~]*)?\r\n$/;
const PORT = /^(?:0|[1-9]\d*)$/;
const MAX_PORT = 65_535;

/** Parses the header that begins the connection. Undefined: incomplete, and right so far; `malformed`: it is none. */
export function parseProxyHeader(bytes: Buffer): ProxyHeader | 'malformed' | undefined {
  if (isBegunBy(bytes, SIGNATURE)) return parseBinary(bytes);
  if (isBegunBy(bytes, LINE_START)) return parseLine(bytes);
  return 'malformed';
}

/** Whether the bytes begin so, as far as there are any. */
function isBegunBy(bytes: Buffer, start: Buffer): boolean {
  const length = Math.min(bytes.length, start.length);
  return bytes.compare(start, 0, length, 0, length) === 0;
}

function parseLine(bytes: Buffer): ProxyHeader | 'malformed' | undefined {
  const end = bytes.subarray(0, MAX_LINE_BYTES).indexOf('\n') + 1;
  if (end === 0) return bytes.length >= MAX_LINE_BYTES ? 'malformed' : undefined;
  const line = bytes.toString('latin1', 0, end);
  if (UNKNOWN_LINE.test(line)) return { byteLength: end, client: undefined };
  const [, family, source = '', destination = '', ...ports] = LINE.exec(line) ?? [];
  if (family === undefined || !ports.every(isPort)) return 'malformed';
  const isAddress = family === 'TCP4' ? isIPv4 : isIPv6;
  if (!isAddress(source) || !isAddress(destination)) return 'malformed';
  const [port, destinationPort] = ports.map(Number);
  const client: ProxiedClient = {
    address: plainText(ipaddr.parse(source)),
    port: port ?? 0,
    destinationAddress: plainText(ipaddr.parse(destination)),
    destinationPort: destinationPort ?? 0,
  };
  return { byteLength: end, client };
}

function isPort(text: string): boolean {
  return PORT.test(text) && Number(text) <= MAX_PORT;
}

function parseBinary(bytes: Buffer): ProxyHeader | 'malformed' | undefined {
  if (bytes.length < FIXED_BYTES) return undefined;
  const [command = 0, family = 0] = bytes.subarray(SIGNATURE.length);
  const length = bytes.readUInt16BE(FIXED_BYTES - 2);
  if (length > MAX_BINARY_BYTES || (command !== 0x20 && command !== 0x21)) return 'malformed';
  const byteLength = FIXED_BYTES + length;
  if (bytes.length < byteLength) return undefined;
  const addressBytes = ADDRESS_BYTES.get(family);
  if (command === 0x20 || addressBytes === undefined) return { byteLength, client: undefined };
  const portsAt = FIXED_BYTES + 2 * addressBytes;
  if (byteLength < portsAt + 4) return 'malformed';
  const addressAt = (at: number): string =>
    plainText(ipaddr.fromByteArray([...bytes.subarray(at, at + addressBytes)]));
  const client: ProxiedClient = {
    address: addressAt(FIXED_BYTES),
    port: bytes.readUInt16BE(portsAt),
    destinationAddress: addressAt(FIXED_BYTES + addressBytes),
    destinationPort: bytes.readUInt16BE(portsAt + 2),
  };
  return { byteLength, client };
}

/** TCP over IPv4, and over IPv6. */
const ADDRESS_BYTES: ReadonlyMap<number, number> = new Map([
  [0x11, 4],
  [0x21, 16],
]);

function plainText(address: ipaddr.IPv4 | ipaddr.IPv6): string {
  const isMapped = address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress();
  return (isMapped ? address.toIPv4Address() : address).toString();
}
