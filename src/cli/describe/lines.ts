// Lines of a description. They are not wrapped: people look for labels in them with grep.
import type { Style } from '../../analysis/report/style.ts';
import { oneLine } from '../../analysis/report/terminal-text.ts';
import type { Origin } from '../../ir/table.ts';
import type { Fact } from '../../simulate/simulation.ts';
import type { Places } from '../route/places.ts';

export interface LinesOptions {
  style: Style;
  places: Places;
  /** Of the command: what is in it is named without it. */
  namespace: string;
}

export class Lines {
  readonly style: Style;
  private readonly places: Places;
  private readonly namespace: string;
  private readonly lines: string[] = [];
  private margin = '';

  constructor({ style, places, namespace }: LinesOptions) {
    this.style = style;
    this.places = places;
    this.namespace = namespace;
  }

  /** @param place where it is written, behind the text */
  add(text: string, { place, paint }: { place?: string; paint?: (text: string) => string } = {}): void {
    const shown = oneLine(text);
    this.lines.push(`${this.margin}${paint ? paint(shown) : shown}${place === undefined || place === '' ? '' : `  ${this.style.dim(`(${oneLine(place)})`)}`}`);
  }

  warn(text: string, place?: string): void {
    this.add(text, { paint: this.style.warning, ...(place === undefined ? {} : { place }) });
  }

  /** Between objects. */
  rule(): void {
    this.lines.push('--------------------');
  }

  /** Everything that is added meanwhile is further in. */
  within(margin: string, add: () => void): void {
    const before = this.margin;
    this.margin += margin;
    add();
    this.margin = before;
  }

  /** `bookinfo`, `bookinfo.other` */
  name({ name, namespace }: Pick<Origin, 'name' | 'namespace'>): string {
    return namespace === this.namespace ? name : `${name}.${namespace}`;
  }

  place(origin: Origin): string {
    return this.places.of(origin);
  }

  from(source: Fact<unknown>['source']): string {
    return this.places.ofSource(source);
  }

  text(): string {
    return `${this.lines.join('\n')}\n`;
  }
}
