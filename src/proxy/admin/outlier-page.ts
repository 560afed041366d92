import type { OutlierReport } from './state.ts';

/** `/outliers` for a person: who is ejected, why, until when, and what happened before. */
export function outliersText(report: OutlierReport, now: number): string {
  const lines: string[] = [];
  const ejected = report.clusters.flatMap((cluster) => cluster.ejected.map((host) => ({ cluster, host })));
  if (report.clusters.length === 0) lines.push('no cluster has outlier detection\n');
  else if (ejected.length === 0) lines.push('nobody is ejected\n');
  else lines.push('ejected now:\n');
  for (const { cluster, host } of ejected) {
    const left = host.until > now ? `${seconds(host.until - now)} left` : 'at the next interval';
    lines.push(
      `  ${cluster.name}  ${host.address}  ${host.reason}  since ${time(host.since)} until ${time(host.until)} (${left}), ejection ${host.ejections}\n`,
    );
  }
  const counted = report.clusters.filter(({ ejections, overflows }) => ejections > 0 || overflows > 0);
  if (counted.length > 0) lines.push('\nclusters:\n');
  for (const { name, ejected: out, hosts, maxEjectionPercent, ejections, overflows } of counted) {
    const refused = overflows === 0 ? '' : `, ${overflows} refused by the maximum`;
    lines.push(`  ${name}  ${out.length} of ${hosts} ejected (at most ${maxEjectionPercent}%), ${ejections} so far${refused}\n`);
  }
  if (report.history.length > 0) lines.push('\nhistory:\n');
  for (const { at, cluster, address, action, reason, until } of report.history) {
    lines.push(`  ${time(at)}  ${action.padEnd(9)}  ${cluster}  ${address}  ${reason}${until === undefined ? '' : `  until ${time(until)}`}\n`);
  }
  return lines.join('');
}

/** The same as data: instants as ISO 8601. */
export function outliersJson(report: OutlierReport): unknown {
  return {
    clusters: report.clusters.map((cluster) => ({
      ...cluster,
      ejected: cluster.ejected.map((host) => ({ ...host, since: time(host.since), until: time(host.until) })),
    })),
    history: report.history.map(({ at, until, ...event }) => ({ at: time(at), ...event, ...(until !== undefined && { until: time(until) }) })),
  };
}

function time(at: number): string {
  const date = new Date(Math.round(at));
  return Number.isNaN(date.getTime()) ? '-' : date.toISOString();
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
