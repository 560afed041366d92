import type { Style } from '../../analysis/report/style.ts';
import type { Source } from '../../ir/provenance.ts';
import type { Arrival } from '../../simulate/arrivals.ts';
import type { SimulatedDestination, Simulation } from '../../simulate/simulation.ts';
import { Page } from './page.ts';
import type { Places } from './places.ts';
import type { Said } from './upstream-lines.ts';
import { serviceText } from './words.ts';

export interface ReportOptions {
  /** Columns. */
  width: number;
  style: Style;
  places: Places;
  /** Sentences about the request that the table alone does not tell. */
  notes: readonly string[];
  /** At the workloads of the destinations. */
  arrivals: readonly Arrival[];
}

/** A page about one simulation. */
export class ReportPage extends Page {
  readonly simulation: Simulation;
  override readonly style: Style;
  readonly places: Places;

  constructor(simulation: Simulation, { width, style, places }: ReportOptions) {
    super(width, style);
    this.simulation = simulation;
    this.style = style;
    this.places = places;
  }

  say({ text, place, more }: Said, indent = 2): void {
    const at = more ? indent + 2 : indent;
    this.row(text, place === undefined ? { indent: at } : { indent: at, place });
  }

  /** `default` where nobody wrote it. */
  place(source: Source): string {
    return this.places.ofSource(source);
  }

  /** Nothing where nobody wrote it. */
  written(source: Source): { place?: string } {
    return source.kind === 'default' ? {} : { place: this.place(source) };
  }

  /** `cart v1, port 80` */
  nameOf({ host, subset, port, cluster }: Pick<SimulatedDestination, 'host' | 'subset' | 'port' | 'cluster'>): string {
    return host === '' ? cluster : `${serviceText({ host, subset }, this.simulation.proxy.namespace)}, port ${port}`;
  }
}
