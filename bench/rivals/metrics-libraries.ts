import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import { Counter as SuccessorCounter, Registry as SuccessorRegistry } from '@prometheus-io/client';
import { Counter, Registry } from 'prom-client';
import { inBatches, type MessageRival } from './message-rival.js';

const LABELS = ['participant'] as const;

interface PrometheusCounter {
  inc(labels: Record<string, string>, value: number): void;
  labels(labels: Record<string, string>): { inc(value: number): void };
  get(): Promise<{ values: { value: number }[] }> | { values: { value: number }[] };
}

interface PrometheusLibrary {
  readonly name: string;
  counter(name: string): PrometheusCounter;
}

const promClient: PrometheusLibrary = {
  name: 'prom-client',
  counter: (name) => new Counter({ name, help: name, labelNames: LABELS, registers: [new Registry()] }),
};

const successor: PrometheusLibrary = {
  name: '@prometheus-io/client',
  counter: (name) =>
    new SuccessorCounter({ name, help: name, labelNames: LABELS, registers: [new SuccessorRegistry()] }),
};

const sumOf = async (counter: PrometheusCounter): Promise<number> =>
  (await counter.get()).values.reduce((sum, { value }) => sum + value, 0);

/** The child of each label set is kept by the caller. */
const withChildren = (library: PrometheusLibrary): MessageRival => ({
  name: `${library.name}, 2 × child.inc`,
  calls: 1_000,
  prepare(pattern) {
    const bytes = library.counter('bytes_total');
    const messages = library.counter('messages_total');
    const children = Array.from({ length: pattern.recorders }, (_, n) => {
      const labels = { participant: `PA_${n}` };
      return { bytes: bytes.labels(labels), messages: messages.labels(labels) };
    });
    const { order, sizes } = pattern;
    return {
      batch: inBatches(pattern, this.calls, (from, to) => {
        for (let n = from; n < to; n++) {
          const child = children[order[n]!]!;
          child.bytes.inc(sizes[n]!);
          child.messages.inc(1);
        }
      }),
      counted: async () => ({ messages: await sumOf(messages), bytes: await sumOf(bytes) }),
    };
  },
});

/** As its documentation shows it: the labels with each call. */
const withLabels = (library: PrometheusLibrary): MessageRival => ({
  name: `${library.name}, 2 × inc with labels`,
  calls: 1_000,
  prepare(pattern) {
    const bytes = library.counter('bytes_total');
    const messages = library.counter('messages_total');
    const labels = Array.from({ length: pattern.recorders }, (_, n) => ({ participant: `PA_${n}` }));
    const { order, sizes } = pattern;
    return {
      batch: inBatches(pattern, this.calls, (from, to) => {
        for (let n = from; n < to; n++) {
          const label = labels[order[n]!]!;
          bytes.inc(label, sizes[n]!);
          messages.inc(label, 1);
        }
      }),
      counted: async () => ({ messages: await sumOf(messages), bytes: await sumOf(bytes) }),
    };
  },
});

class PulledReader extends MetricReader {
  protected override async onShutdown(): Promise<void> {}
  protected override async onForceFlush(): Promise<void> {}
}

const opentelemetry: MessageRival = {
  name: 'OpenTelemetry, 2 × counter.add',
  calls: 1_000,
  prepare(pattern) {
    const reader = new PulledReader();
    const provider = new MeterProvider({
      readers: [reader],
      // Beyond 2,000 label sets it would count into one for all that overflow.
      views: [{ instrumentName: '*', aggregationCardinalityLimit: 2 * pattern.recorders + 2 }],
    });
    const meter = provider.getMeter('bench');
    const bytes = meter.createCounter('bytes');
    const messages = meter.createCounter('messages');
    const attributes = Array.from({ length: pattern.recorders }, (_, n) => ({
      participant: `PA_${n}`,
    }));
    const { order, sizes } = pattern;
    return {
      batch: inBatches(pattern, this.calls, (from, to) => {
        for (let n = from; n < to; n++) {
          const attribute = attributes[order[n]!]!;
          bytes.add(sizes[n]!, attribute);
          messages.add(1, attribute);
        }
      }),
      async counted() {
        const { resourceMetrics } = await reader.collect();
        const sum = (name: string): number =>
          resourceMetrics.scopeMetrics
            .flatMap(({ metrics }) => metrics)
            .filter(({ descriptor }) => descriptor.name === name)
            .flatMap(({ dataPoints }) => dataPoints.map(({ value }) => value as number))
            .reduce((total, value) => total + value, 0);
        const counted = { messages: sum('messages'), bytes: sum('bytes') };
        await provider.shutdown();
        return counted;
      },
    };
  },
};

export const metricsLibraries: readonly MessageRival[] = [
  withChildren(promClient),
  withLabels(promClient),
  withChildren(successor),
  withLabels(successor),
  opentelemetry,
];
