const LONGEST_MS = 8_000;

/** Resolves when it is true; for what happens within this process, which goes on between two looks. */
export async function until(isTrue: () => boolean): Promise<void> {
  const deadline = performance.now() + LONGEST_MS;
  while (!isTrue()) {
    if (performance.now() > deadline)
      throw new Error(`not within ${LONGEST_MS} ms: ${isTrue.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
