/** Bytes of TLS ClientHellos, whole and broken (RFC 8446 §4.1.2, §5.1). */

/** The parts, one behind the other, in one record. */
export function inOneRecord(...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  return inRecords(content, () => content.length);
}

export function inRecords(content: Buffer, nextSize: () => number): Buffer {
  const all: Buffer[] = [];
  for (let at = 0; at < content.length;) {
    const part = content.subarray(at, at + nextSize());
    all.push(Buffer.from('160301', 'hex'), sized(part, 2));
    at += part.length;
  }
  return Buffer.concat(all);
}

export function helloMessage(extensions: readonly Buffer[], tail = ''): Buffer {
  const list = sized(Buffer.concat(extensions), 2);
  return helloOf(Buffer.concat([helloStart(), list, Buffer.from(tail, 'hex')]));
}

export function helloOf(body: Buffer): Buffer {
  return Buffer.concat([Buffer.of(1), sized(body, 3)]);
}

/** All that comes before the extensions: the vectors are hex, with their lengths. */
export function helloStart(session = '00', suites = '00021301', compressions = '0100'): Buffer {
  const vectors = Buffer.from(session + suites + compressions, 'hex');
  return Buffer.concat([Buffer.from('0303', 'hex'), Buffer.alloc(32, 7), vectors]);
}

export function nameExtension(name: string): Buffer {
  const entry = Buffer.concat([Buffer.of(0), sized(Buffer.from(name, 'latin1'), 2)]);
  return extension(0, sized(entry, 2).toString('hex'));
}

export function protocolsExtension(...names: string[]): Buffer {
  const list = Buffer.concat(names.map((name) => sized(Buffer.from(name, 'latin1'), 1)));
  return extension(16, sized(list, 2).toString('hex'));
}

export function extension(type: number, hex: string): Buffer {
  const number = Buffer.alloc(2);
  number.writeUInt16BE(type);
  return Buffer.concat([number, sized(Buffer.from(hex, 'hex'), 2)]);
}

function sized(bytes: Buffer, width: 1 | 2 | 3): Buffer {
  const length = Buffer.alloc(width);
  length.writeUIntBE(bytes.length, 0, width);
  return Buffer.concat([length, bytes]);
}
