const PATTERN = 'ts-nginx bench. ';
const sample = Buffer.from(PATTERN.repeat(16_384));

/** What an answer of so many bytes must hold. */
export function answerBody(bytes: number): string {
  return PATTERN.repeat(Math.ceil(bytes / PATTERN.length)).slice(0, bytes);
}

/** Whether `chunk` is what such a body has from `offset` on. */
export function isAnswerAt(offset: number, chunk: Buffer): boolean {
  const start = offset % PATTERN.length;
  const step = sample.length - PATTERN.length;
  for (let position = 0; position < chunk.length; position += step) {
    const part = chunk.subarray(position, position + step);
    // A step is a whole number of patterns, so that each part begins at the same place of one.
    if (sample.compare(part, 0, part.length, start, start + part.length) !== 0) return false;
  }
  return true;
}
