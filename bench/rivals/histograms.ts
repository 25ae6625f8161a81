import { createHistogram } from 'node:perf_hooks';
import { build } from 'hdr-histogram-js';
import { inBatches, type MessageRival } from './message-rival.js';

const LARGEST_MESSAGE = 65_536;
/** A histogram has some kilobytes. */
const MAX_RECORDERS = 10_000;

/** A histogram of message sizes for each recorder: it counts, and its mean gives the bytes, about. */
const hdrHistogram: MessageRival = {
  name: 'hdr-histogram-js, recordValue',
  calls: 1_000,
  maxRecorders: MAX_RECORDERS,
  prepare(pattern) {
    const histograms = Array.from({ length: pattern.recorders }, () =>
      build({
        bitBucketSize: 32,
        lowestDiscernibleValue: 1,
        highestTrackableValue: LARGEST_MESSAGE,
        numberOfSignificantValueDigits: 1,
      }),
    );
    const { order, sizes } = pattern;
    return {
      batch: inBatches(pattern, this.calls, (from, to) => {
        for (let n = from; n < to; n++) histograms[order[n]!]!.recordValue(sizes[n]!);
      }),
      counted: () => ({ messages: histograms.reduce((sum, { totalCount }) => sum + totalCount, 0) }),
    };
  },
};

const nodeHistogram: MessageRival = {
  name: "node's createHistogram, record",
  calls: 1_000,
  maxRecorders: MAX_RECORDERS,
  prepare(pattern) {
    const histograms = Array.from({ length: pattern.recorders }, () =>
      createHistogram({ lowest: 1, highest: LARGEST_MESSAGE, figures: 1 }),
    );
    const { order, sizes } = pattern;
    return {
      batch: inBatches(pattern, this.calls, (from, to) => {
        for (let n = from; n < to; n++) histograms[order[n]!]!.record(sizes[n]!);
      }),
      counted: () => ({ messages: histograms.reduce((sum, { count }) => sum + count, 0) }),
    };
  },
};

export const histograms: readonly MessageRival[] = [hdrHistogram, nodeHistogram];
