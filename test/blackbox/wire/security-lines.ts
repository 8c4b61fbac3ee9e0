/**
 * What the proxy promises of HTTP/1.1 on the wire, one statement a line. A test names the lines that it shows; security-table.md
 * is the map from line to tests, written by security-table.test.ts, which fails while a line has no test and no reason.
 */
export const securityLines = {
  '1.1': 'Upstream bytes are written from parsed fields; every upstream message has one framing',
  '1.2': 'Request line: method, one target, HTTP/1.0 or HTTP/1.1; everything else is refused',
  '1.3': 'Methods are forwarded as sent; CONNECT is 405; TRACE echoes nothing',
  '1.4': 'Absolute-form replaces Host for routing and upstream; unknown is 404; OPTIONS * stays *',
  '1.5': 'Exactly one valid Host in 1.1, compared without case',
  '1.6': 'Field names are tokens followed at once by a colon',
  '1.7': 'Names with an underscore are dropped',
  '1.8': 'NUL, bare CR, bare LF and folds are never forwarded',
  '1.9': 'No lenient parser anywhere in the data plane',
  '1.10': 'Content-Length is 1*DIGIT below 2^53, once, and normalised',
  '1.11': 'Transfer-Encoding is chunked alone, once, in 1.1, never with Content-Length',
  '1.12': 'Chunks by the letter; extensions and trailers are dropped, and bounded together',
  '1.13': 'No silent cut of long field lists',
  '1.14': 'A body keeps its framing whatever the method; a cut one is never completed upstream',
  '1.15':
    'Pipelined requests are answered in order, each by its own Host and path; nothing after close',
  '1.16':
    'Expect: 100-continue is answered once, others are 417; no upstream connection with an unsent body is reused',
  '1.17': 'Names of the prototype chain are ordinary data',
  '2.1': 'Hop-by-hop fields, and what Connection names, are removed both ways',
  '2.2': 'Connection cannot remove Host, framing or fields that we set',
  '2.3': 'Forwarded fields of clients are replaced, or believed from trusted peers only',
  '2.4': 'ssl-client-* of a client are removed everywhere',
  '2.5': 'PROXY protocol only where configured',
  '2.6': 'Repeated fields keep count and order; Cookie is never joined',
  '2.7': 'No CR, LF or NUL from anybody reaches a field, a Location, a log line or a page',
  '3.1':
    'One canonical path decides everything; no spelling reaches a backend that it does not match',
  '3.2':
    'Paths above the root, with NUL or broken escapes are 400; decoded once; case counts; queries do not',
  '3.3': 'Exact before longest prefix; exact host before wildcard; unknown is 404',
  '3.4':
    'Redirects use the routed host; Location holds no control bytes and is not scheme-relative',
  '3.5': 'Patterns run in linear time',
  '4 request line': '8 KiB, 414',
  '4 one field': '8 KiB, 400',
  '4 whole header': '32 KiB, 400',
  '4 number of fields': '100, 400',
  '4 body': 'proxy-body-size: 413 on the declared length, and while it comes',
  '4 keep-alive requests': 'close after the last',
  '4 upstream header': '16 KiB, 100 fields, 8 interim answers: 502',
  '4 client connections': 'refused and counted over the limit',
  '4 buffered bytes': 'backpressure without a reader',
  '5 first byte': 'closed without one in client-header-timeout, TLS hello too',
  '5 header complete': '408 and close, absolute from the first byte',
  '5 between body reads': '408 and close',
  '5 idle kept connection': 'closed',
  '5 upstream connect': '504',
  '5 upstream send': '504',
  '5 upstream read': '504; the answer is cut if already begun',
  '5 slow reader': 'reset',
  '5 tunnel idle': 'both sides closed',
  '6.1': 'Upgrade only for a GET of 1.1 without body to websocket alone; otherwise dropped; no h2c',
  '6.2': 'No tunnel byte before the 101; any other status stays HTTP; 101 unasked is 502',
  '6.3': 'A tunnel is transparent, with backpressure; one side closes the other',
  '7.1': '502 for bad framing, status line, fields or size; CL with TE: TE, and not reused',
  '7.2': 'A cut body is never passed on as complete',
  '7.3':
    'Bytes after a message, unsolicited answers, bodies where none may be: that connection ends',
  '7.4':
    'Retries: connect failures for any method, later ones only for idempotent methods with no byte sent',
  '7.5': 'Own error pages: fixed text, nosniff',
} as const;

export type SecurityLine = keyof typeof securityLines;

/** Lines that no test here shows yet, and why. */
export const laterLines: Partial<Record<SecurityLine, string>> = {
  '2.5': 'PROXY protocol is not built yet: bytes of it are refused as a malformed request',
};
