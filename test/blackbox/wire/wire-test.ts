import { test, type TestContext } from 'node:test';
import { carrier, type Carrier } from '../harness/carrier.ts';
import { assertAllServeOn } from './probe.ts';
import type { SecurityLine } from './security-lines.ts';

export interface WireTest {
  readonly lines: readonly SecurityLine[];
  readonly name: string;
}

/** Every test of this folder that was declared in this process. */
export const declaredTests: WireTest[] = [];

let isListing = false;

/** From now on tests are declared but not run: for the table of what shows what. */
export function listOnly(): void {
  isListing = true;
}

/** Declares a test that shows these lines of security-lines.ts; whatever it does, its proxies must serve on after it. `only`: it says nothing of clients that come otherwise. */
export function wireTest(
  lines: readonly SecurityLine[],
  name: string,
  run: (t: TestContext) => Promise<void>,
  only: Carrier = carrier(),
): void {
  if (only !== carrier()) return;
  declaredTests.push({ lines, name });
  const title = carrier() === 'tls' ? `over TLS: ${name}` : name;
  if (isListing) return;
  test(title, { timeout: 30_000 }, async (t) => {
    await run(t);
    await assertAllServeOn(t);
  });
}
