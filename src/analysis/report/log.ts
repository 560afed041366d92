import type { Level } from '../message.ts';
import { type Report, type ReportItem, referenceOf } from './report.ts';
import type { Style } from './style.ts';
import { oneLine, visible } from './terminal-text.ts';

const colourOf: Readonly<Record<Level, keyof Style>> = { Error: 'error', Warning: 'warning', Info: 'info' };

/** One line a message, as the reference prints them: `Error [IST0101] (VirtualService shop/cart cart.yaml:8) …` */
export function formatLog(report: Report, style: Style): string {
  return report.items
    .map((item) => `${style[colourOf[item.level]](item.level)} [${item.code}] ${placeText(item)}${oneLine(item.text)}${item.isNew ? ' (new)' : ''}\n`)
    .join('');
}

function placeText(item: ReportItem): string {
  const parts = [item.origin, referenceOf(item)].filter(Boolean);
  return parts.length > 0 ? `(${visible(parts.join(' '))}) ` : '';
}
