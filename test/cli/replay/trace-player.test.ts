import { expect, test } from 'vitest';
import { TracePlayer } from '../../../dist/src/cli/replay/trace-player.js';
import { parseTraceLine } from '../../../dist/src/cli/trace/parse-line.js';
import type { StatsEngine, TrackRecorderOptions } from '../../../dist/src/index.js';

test.each([
  ['DE', 'DE'],
  ['nz', 'nz'],
  [undefined, ''],
  ['', ''],
  ['Germany', ''],
  ['T1', ''],
])("a track's country %j is opened as %j: a trace may hold any text there", (given, opened) => {
  const asked: TrackRecorderOptions[] = [];
  const engine = {
    openTrackRecorder(options: TrackRecorderOptions) {
      asked.push(options);
      return { record: () => 0 };
    },
  } as unknown as StatsEngine;
  const player = new TracePlayer(engine);
  const line = {
    t: 0,
    op: 'rtp',
    room: 'RM',
    participant: 'PA',
    track: 'TR',
    direction: 'UPSTREAM',
    streams: [],
  };
  for (const country of [given, 'FR']) {
    const parsed = parseTraceLine(JSON.stringify({ ...line, country }), 1, () => {});
    if (parsed.op !== 'flush') player.play(parsed);
  }
  expect(asked.map(({ country }) => country)).toEqual([opened]);
});
