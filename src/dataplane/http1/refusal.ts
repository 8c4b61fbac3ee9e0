/** What there was too much of. */
export type Excess = 'line' | 'field' | 'head' | 'fields' | 'trailers';

/** Why a message is not taken. Made once per rule, so that garbage costs no allocation. */
export class Refusal {
  readonly status: number;
  /** Constant text for the log; holds nothing of the message. */
  readonly reason: string;
  /** What follows the code on the error page where it is not the status's usual text. */
  readonly pageTitle: string | undefined;
  /** The limit that the message exceeds; undefined: it breaks a rule. */
  readonly excess: Excess | undefined;

  constructor(status: number, reason: string, pageTitle?: string, excess?: Excess) {
    this.status = status;
    this.reason = reason;
    this.pageTitle = pageTitle;
    this.excess = excess;
  }
}
