/** Why a message is none (RFC 9113 §8.1.1): its stream is reset. Made once per rule. */
export class Malformed {
  /** Constant text for the log; holds nothing of the message. */
  readonly reason: string;

  constructor(reason: string) {
    this.reason = reason;
  }
}

export const MALFORMED = {
  pseudo: new Malformed('pseudo fields missing, unknown, repeated, late or of no sound value'),
  fieldName: new Malformed('field name is not a token in lower case'),
  fieldValue: new Malformed('field value holds control bytes or begins or ends with space'),
  connection: new Malformed('field that concerns an HTTP/1.1 connection'),
  length: new Malformed('Content-Length is not a number, or not the length of the body'),
  trailers: new Malformed('trailers that do not end the message'),
} as const;
