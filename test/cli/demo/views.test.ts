import pc from 'picocolors';
import { describe, expect, test } from 'vitest';
import { booksTable, kindTable, verdictOn } from '../../../dist/src/cli/demo/closing-tables.js';
import { FlowMeter } from '../../../dist/src/cli/demo/flow-meter.js';
import { KindTally } from '../../../dist/src/cli/demo/kind-tally.js';
import { type LiveFigures, liveLine, liveTable } from '../../../dist/src/cli/demo/live-view.js';
import { Traffic } from '../../../dist/src/cli/demo/traffic.js';

const plain = pc.createColors(false);

const FIGURES: LiveFigures = {
  elapsedMs: 12_345,
  totalMs: 20_000,
  rooms: 100,
  participants: 285,
  tracks: 2_712,
  upstream: { messages: 3_580.4, packets: 346_138, bytes: 1_250_000 },
  downstream: { messages: 7_027, packets: 294_386, bytes: 12_500_000 },
  scoreMin: 2.674,
  scoreMedian: undefined,
  ringFill: 0.1234,
  drops: { scoresLost: 3, windowsMerged: 0, mimesRefused: 1_000 },
  flushes: 4,
  flushMs: 60.31,
  flushStats: 2_100,
  loopDelayMedianMs: 0.12,
  loopDelayMaxMs: 4.56,
  lagMs: 99,
  verdict: 'ok',
};

describe('the live view', () => {
  test('shows every figure as a line', () => {
    expect(liveLine(FIGURES)).toBe(
      ' 12.3 s | 100 rooms 285 participants 2,712 tracks | up 3,580 messages/s 346,138 packets/s' +
        ' | down 7,027 messages/s 294,386 packets/s | score min 2.67 median – | ring 12.3 %' +
        ' | drops scoresLost 3, mimesRefused 1,000 | flush 60.3 ms | loop delay 0.1 ms max 4.6 ms | ok',
    );
  });

  test('shows every figure as a table that fits a terminal', () => {
    const table = liveTable(FIGURES, plain);
    const lines = table.split('\n');
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
    expect(lines[0]).toBe('sfu-stats demo  12.3 s of 20.0 s');
    for (const [name, ...cells] of [
      ['messages/s', '3,580', '7,027'],
      ['packets/s', '346,138', '294,386'],
      ['Mbit/s', '10.0', '100.0'],
      ['rooms', '100'],
      ['participants', '285'],
      ['tracks', '2,712'],
      ['score min / median', '2.67 / –'],
      ['ring fill', '12.3 %'],
      ['drops', 'scoresLost 3, mimesRefused 1,000'],
      ['last flush', 'no. 4: 2,100 stats in 60.3 ms'],
      ['host loop delay, median / max', '0.1 ms / 4.6 ms'],
      ['engine', 'ok'],
    ]) {
      const row = lines
        .map((line) => line.split('│').map((cell) => cell.trim()))
        .find((cells) => cells[1] === name);
      expect(row?.slice(2, -1), name).toEqual(cells);
    }
  });

  test('says so when nothing was dropped and nothing flushed', () => {
    const quiet = { ...FIGURES, drops: { scoresLost: 0 }, flushes: 0, totalMs: undefined };
    expect(liveLine(quiet)).toContain('| drops none |');
    expect(liveTable(quiet, plain)).toMatch(/^sfu-stats demo {2}12\.3 s\n/);
    expect(liveTable(quiet, plain)).toContain('none yet');
  });
});

test('the live view tells when the rooms are played late', () => {
  const late = { ...FIGURES, lagMs: 1_234 };
  expect(liveLine(FIGURES)).not.toContain('late');
  expect(liveLine(late)).toContain('| rooms are played late by 1234.0 ms | ok');
  expect(liveTable(FIGURES, plain)).not.toContain('late');
  expect(liveTable(late, plain)).toMatch(/rooms are played late by +│ +1234\.0 ms │/);
});

describe('the flow meter', () => {
  test('gives the rates of about the last second', () => {
    const traffic = new Traffic();
    const meter = new FlowMeter();
    expect(meter.look(0, traffic).upstream).toEqual({ messages: 0, packets: 0, bytes: 0 });
    for (let at = 250; at <= 2_000; at += 250) {
      traffic.addPackets(0, at <= 1_000 ? 100 : 10, 1_000);
      traffic.addMessages(1, 1, 8);
      meter.look(at, traffic);
    }
    const { upstream, downstream } = meter.look(2_250, traffic);
    // Since the look at 1,250 ms: three samples of 10 packets.
    expect(upstream).toEqual({ messages: 0, packets: 30, bytes: 3_000 });
    expect(downstream).toEqual({ messages: 3, packets: 0, bytes: 24 });
  });
});

describe('the closing tables', () => {
  const totals = (n: number): Traffic => {
    const traffic = new Traffic();
    traffic.addPackets(0, n, 10 * n);
    traffic.addMessages(1, n, 20 * n);
    return traffic;
  };
  const none = new Traffic();
  const audit = (balanced: boolean): Parameters<typeof verdictOn>[1] => ({
    recorded: totals(7),
    reported: totals(6),
    dropped: { invalid: none, unattributed: none },
    inside: { rings: none, windows: none, rows: none },
    balanced,
  });

  test('have a row for each kind and direction', () => {
    const opened = {
      audio: [1, 2] as [number, number],
      video: [3, 4] as [number, number],
      data: 5,
      signal: 6,
    };
    const lines = kindTable(new KindTally().sums, opened, plain).split('\n');
    const rows = lines.map((line) => line.split('│').map((cell) => cell.trim()));
    const tracks = rows
      .filter((cells) => / (up|down)$/.test(cells[1] ?? ''))
      .map((cells) => cells.slice(1, 3));
    expect(tracks).toEqual([
      ['audio up', '1'],
      ['audio down', '2'],
      ['video up', '3'],
      ['video down', '4'],
      ['data up', '5'],
      ['data down', '5'],
      ['signal up', '6'],
      ['signal down', '6'],
    ]);
  });

  test('show each part of the books in both directions', () => {
    const rows = booksTable(totals(7), audit(true), plain)
      .split('\n')
      .map((line) =>
        line
          .split('│')
          .slice(1, -1)
          .map((cell) => cell.trim()),
      );
    expect(rows).toContainEqual(['recorded', 'up', '1', '0', '7', '70']);
    expect(rows).toContainEqual(['= reported', 'up', '1', '0', '6', '60']);
    expect(rows).toContainEqual(['', 'down', '1', '6', '0', '120']);
    for (const name of [
      '+ dropped, invalid',
      '+ dropped, unattributed',
      '+ inside, rings',
      '+ inside, windows',
      '+ inside, rows',
    ]) {
      expect(rows).toContainEqual([name, 'up', '0', '0', '0', '0']);
    }
  });

  test('end with a verdict that needs both equations', () => {
    expect(verdictOn(totals(7), audit(true))).toMatchObject({
      holds: true,
      text: expect.stringMatching(/books balance/),
    });
    expect(verdictOn(totals(7), audit(false))).toMatchObject({
      holds: false,
      text: expect.stringMatching(/recorded ≠/),
    });
    expect(verdictOn(totals(8), audit(true))).toMatchObject({
      holds: false,
      text: expect.stringMatching(/played ≠/),
    });
  });
});
