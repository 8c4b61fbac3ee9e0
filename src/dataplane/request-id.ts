import { randomFillSync } from 'node:crypto';

const ID_LENGTH = 32;
const IDS_AT_ONCE = 128;
const bytes = Buffer.allocUnsafeSlow((ID_LENGTH / 2) * IDS_AT_ONCE);
let digits = '';
let used = 0;

/** 32 lower-case hex digits, as ingress-nginx makes them. Random bytes are fetched and spelled for many ids at once. */
export function createRequestId(): string {
  if (used === digits.length) {
    digits = randomFillSync(bytes).toString('hex');
    used = 0;
  }
  used += ID_LENGTH;
  return digits.slice(used - ID_LENGTH, used);
}
