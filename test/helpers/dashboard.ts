import { readFileSync } from 'node:fs';

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly datasource?: { readonly uid: string };
  readonly targets?: readonly { readonly expr: string; readonly datasource: { readonly uid: string } }[];
  readonly panels?: readonly Panel[];
}

interface Variable {
  readonly name: string;
  readonly type: string;
  readonly definition?: string;
}

export interface Dashboard {
  readonly schemaVersion: number;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly Variable[] };
}

/** A query of the dashboard as Prometheus is asked it, and where it stands. */
export interface DashboardQuery {
  /** The title of its panel, or `variable` and a name. */
  readonly panel: string;
  readonly expression: string;
}

export function readDashboard(): Dashboard {
  const file = new URL('../../docs/grafana/sfu-stats.json', import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')) as Dashboard;
}

/**
 * Every query of the Grafana dashboard, its variables replaced as Grafana would: of all nodes, over this interval.
 * @param rateInterval as `10s`; must hold at least two scrapes
 */
export function dashboardQueries(rateInterval = '10s'): DashboardQuery[] {
  const { panels, templating } = readDashboard();
  const replaced = (expression: string): string =>
    expression.replaceAll('$__rate_interval', rateInterval).replaceAll('$node', '.*');
  const ofPanels = panels
    .flatMap((panel) => [panel, ...(panel.panels ?? [])])
    .flatMap(({ title, targets = [] }) =>
      targets.map(({ expr }) => ({ panel: title, expression: replaced(expr) })),
    );
  const ofVariables = templating.list.flatMap(({ name, definition }) => {
    const [, metric, label] = /^label_values\((.+), *(\w+)\)$/.exec(definition ?? '') ?? [];
    if (metric === undefined) return [];
    return [{ panel: `variable ${name}`, expression: replaced(`count by (${label}) (${metric})`) }];
  });
  return [...ofPanels, ...ofVariables];
}
