/** Writes `date` headers; one text a second. */
export class HttpDate {
  #second = -1;
  #text = '';

  /** `Mon, 01 Jan 2024 00:00:00 GMT` */
  at(wallMs: number): string {
    const second = Math.floor(wallMs / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#text = new Date(second * 1000).toUTCString();
    }
    return this.#text;
  }
}
