import type { Exporter, ExporterSurroundings } from '../exporters/exporter.js';
import type { ResolvedFileOptions } from '../exporters/file/file-options.js';
import type { ResolvedGrpcOptions } from '../exporters/grpc/grpc-options.js';
import type { ResolvedMetricsOptions } from '../exporters/prometheus/metrics-options.js';
import type { PrometheusParts } from '../exporters/prometheus/prometheus-exporter.js';

export interface ExporterPlan {
  readonly metrics: ResolvedMetricsOptions | undefined;
  readonly grpc: ResolvedGrpcOptions | undefined;
  readonly file: ResolvedFileOptions | undefined;
  /** What an exporter of a name is given. */
  readonly surroundingsOf: (name: string) => ExporterSurroundings;
  readonly prometheus: PrometheusParts;
}

/**
 * Starts the exporters that are wanted. What the others need is not even loaded: a thread that starts again must be
 * quick. Timer thread.
 */
export async function startExporters(plan: ExporterPlan): Promise<Exporter[]> {
  const { metrics, grpc, file, surroundingsOf, prometheus } = plan;
  const exporters: Exporter[] = [];
  if (metrics !== undefined) {
    const { PrometheusExporter } = await import('../exporters/prometheus/prometheus-exporter.js');
    exporters.push(new PrometheusExporter(metrics, surroundingsOf('prometheus'), prometheus));
  }
  if (grpc !== undefined) {
    const { GrpcExporter } = await import('../exporters/grpc/grpc-exporter.js');
    exporters.push(new GrpcExporter(grpc, surroundingsOf('grpc')));
  }
  if (file !== undefined) {
    const { FileExporter } = await import('../exporters/file/file-exporter.js');
    exporters.push(new FileExporter(file, surroundingsOf('file')));
  }
  return exporters;
}
