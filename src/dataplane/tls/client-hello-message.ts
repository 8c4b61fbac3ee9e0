/** What is read of the first message of a TLS connection. */
export interface ClientHello {
  /** Lower case, without a trailing dot; empty: none was sent. */
  readonly serverName: string;
  /** ALPN, in the client's order; latin1. */
  readonly protocols: readonly string[];
}

const SERVER_NAME = 0;
const ALPN = 16;
const HOST_NAME = 0;
const RANDOM_BYTES = 32;
const MAX_SESSION_ID_BYTES = 32;
/** OpenSSL refuses longer ones, too. */
const MAX_NAME_BYTES = 255;
/** Visible ASCII. What no host can be named, an address say, is simply nobody's name: the default certificate's. */
const NAME = /^[!-~]+$/;

/**
 * Reads the body of a ClientHello. Undefined where it breaks a rule: a length that does not add up, an extension that comes
 * twice, a list of several names, a name with blanks, control bytes or others than ASCII. Two readers could take these differently,
 * and the endpoint or OpenSSL is the second one. Source: RFC 8446 §4.1.2, RFC 6066 §3, RFC 7301 §3.1.
 */
export function parseClientHello(body: Buffer): ClientHello | undefined {
  const extensions = readExtensions(new Cursor(body));
  if (extensions === undefined) return undefined;
  const serverName = readServerName(extensions.get(SERVER_NAME));
  const protocols = readProtocols(extensions.get(ALPN));
  if (serverName === undefined || protocols === undefined) return undefined;
  return { serverName, protocols };
}

/** By type. Empty where there are none, which TLS 1.2 allows (RFC 5246 §7.4.1.2). */
function readExtensions(hello: Cursor): Map<number, Buffer> | undefined {
  hello.skip(2 + RANDOM_BYTES);
  const sessionId = hello.vector(1);
  const cipherSuites = hello.vector(2);
  const compressions = hello.vector(1);
  if (sessionId === undefined || sessionId.length > MAX_SESSION_ID_BYTES) return undefined;
  if (cipherSuites === undefined || cipherSuites.length < 2) return undefined;
  if (cipherSuites.length % 2 === 1) return undefined;
  if (compressions === undefined || compressions.length === 0) return undefined;
  const extensions = new Map<number, Buffer>();
  if (hello.isAtEnd()) return extensions;
  const list = hello.vector(2);
  if (list === undefined || !hello.isAtEnd()) return undefined;
  const rest = new Cursor(list);
  while (!rest.isAtEnd()) {
    const type = rest.number(2);
    const data = rest.vector(2);
    if (type === undefined || data === undefined || extensions.has(type)) return undefined;
    extensions.set(type, data);
  }
  return extensions;
}

/** One name, of a host: no other kind was ever defined. */
function readServerName(data: Buffer | undefined): string | undefined {
  if (data === undefined) return '';
  const outer = new Cursor(data);
  const list = outer.vector(2);
  if (list === undefined || !outer.isAtEnd()) return undefined;
  const names = new Cursor(list);
  const kind = names.number(1);
  const bytes = names.vector(2);
  if (kind !== HOST_NAME || bytes === undefined || !names.isAtEnd()) return undefined;
  if (bytes.length > MAX_NAME_BYTES) return undefined;
  const name = bytes.toString('latin1').toLowerCase();
  if (!NAME.test(name)) return undefined;
  return name.endsWith('.') ? name.slice(0, -1) : name;
}

function readProtocols(data: Buffer | undefined): readonly string[] | undefined {
  if (data === undefined) return [];
  const outer = new Cursor(data);
  const list = outer.vector(2);
  if (list === undefined || list.length === 0 || !outer.isAtEnd()) return undefined;
  const names = new Cursor(list);
  const protocols: string[] = [];
  while (!names.isAtEnd()) {
    const name = names.vector(1);
    if (name === undefined || name.length === 0) return undefined;
    protocols.push(name.toString('latin1'));
  }
  return protocols;
}

/** Reads on and on; undefined, and so is all that follows, where the bytes end before what is read. */
class Cursor {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  skip(bytes: number): void {
    this.#at += bytes;
  }

  /** Unsigned, big-endian. */
  number(width: 1 | 2): number | undefined {
    const at = this.#at;
    this.#at += width;
    return this.#at > this.#bytes.length ? undefined : this.#bytes.readUIntBE(at, width);
  }

  /** What a length of so many bytes says. */
  vector(width: 1 | 2): Buffer | undefined {
    const length = this.number(width);
    if (length === undefined) return undefined;
    const at = this.#at;
    this.#at += length;
    return this.#at > this.#bytes.length ? undefined : this.#bytes.subarray(at, this.#at);
  }
}
