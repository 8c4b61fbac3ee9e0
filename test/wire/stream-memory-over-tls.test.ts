/** What one stream may cost, with clients that come over TLS. */
import { carryOver } from '../blackbox/harness/carrier.ts';

carryOver('tls');
await import('../blackbox/stream-memory.test.ts');
