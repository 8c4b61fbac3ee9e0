/** Every limit, timeout and refusal that is counted when it trips (security.md §1, §4, §5, §7), with what it means. */
export const limits = {
  'malformed-request': 'a request that breaks the rules of its protocol: 400, closed',
  'unsupported-request': 'a version or transfer coding that is not served: 501 or 505',
  'request-line': 'request line too long: 414',
  'request-field': 'one request field too long: 400 or 431',
  'request-head': 'whole request head too long: 400 or 431',
  'request-fields': 'too many request fields: 400 or 431',
  'request-body': 'request body over proxy-body-size: 413',
  'request-trailers': 'trailer section of a request too long',
  'requests-per-connection': 'keep-alive-requests reached: closed after the answer',
  connections: 'more client connections than a worker may hold: refused',
  'client-hello-timeout': 'no complete TLS hello in time: closed',
  'request-head-timeout': 'head not complete in time: 408',
  'request-body-timeout': 'silence within a request body: 408',
  'idle-timeout': 'kept client connection idle for too long: closed',
  'slow-client': 'no byte of an answer accepted in time: reset',
  'tunnel-idle-timeout': 'no byte in a tunnel in time: both sides closed',
  'upstream-connect-timeout': 'endpoint did not accept in time: 504',
  'upstream-send-timeout': 'endpoint took no byte of the request in time: 504',
  'upstream-read-timeout': 'silence within an answer: 504, or cut where it had begun',
  'upstream-head': 'head of an answer too long: 502',
  'upstream-fields': 'too many fields in an answer: 502',
  'upstream-interim-answers': 'too many 1xx answers: 502',
  'upstream-trailers': 'trailer section of an answer too long: cut',
  'malformed-response':
    'an answer that breaks the rules of its protocol: 502, or cut where it had begun',
  overload: 'not enough memory: 503',
} as const satisfies Record<string, string>;

export type LimitName = keyof typeof limits;
