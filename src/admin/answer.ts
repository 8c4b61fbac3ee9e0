/** What the admin port answers, as a value. */
export interface AdminAnswer {
  readonly status: number;
  readonly contentType: string;
  /** In pieces where it may be large, so that making it never holds the control plane up for long. */
  readonly body: string | Iterable<string | Uint8Array> | AsyncIterable<string>;
  readonly headers?: Readonly<Record<string, string>>;
}

export function textAnswer(status: number, body: string): AdminAnswer {
  return { status, contentType: 'text/plain; charset=utf-8', body };
}

export function jsonAnswer(status: number, value: unknown): AdminAnswer {
  return { status, contentType: 'application/json', body: `${JSON.stringify(value, null, 2)}\n` };
}
