import { test, type TestContext } from 'node:test';
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

/** Declares a test that shows these lines of security-lines.ts. */
export function wireTest(
  lines: readonly SecurityLine[],
  name: string,
  run: (t: TestContext) => Promise<void>,
): void {
  declaredTests.push({ lines, name });
  if (!isListing) test(name, { timeout: 30_000 }, run);
}
