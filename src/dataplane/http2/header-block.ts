/** The fields of a header block, decoded: of a request, an answer, or the trailers of either. */
export class HeaderBlock {
  /** Name, value, name, value…: latin1 text, in order. The next block takes the place of this one. */
  readonly parts: string[] = [];
  /** It held more than may be taken; `parts` is not all of it. */
  isTooLarge = false;
  /** Of names and values. */
  byteLength = 0;

  readonly add = (name: string, value: string): void => {
    this.parts.push(name, value);
    this.byteLength += name.length + value.length;
  };

  clear(): void {
    this.parts.length = 0;
    this.isTooLarge = false;
    this.byteLength = 0;
  }
}
