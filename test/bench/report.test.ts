import { describe, expect, test } from 'vitest';
import { parseArguments } from '../../dist/bench/arguments.js';
import { judge, ratioAtMost } from '../../dist/bench/harness/figures.js';
import { measurement } from '../../dist/bench/harness/measurement.js';
import { sharesOf } from '../../dist/bench/profile.js';
import { replaceMarked, resultSections } from '../../dist/bench/report/document.js';
import { costPlot } from '../../dist/bench/report/plots.js';
import { merged, type QuestionResult } from '../../dist/bench/report/results.js';
import { figureTable, measurementTable } from '../../dist/bench/report/tables.js';

function result(question: string, node: string, factor = 1): QuestionResult {
  const ns = (contestant: string, value: number) =>
    measurement({ case: 'a case', contestant }, 'ns', [value * factor, value * factor]);
  return {
    question,
    title: `About ${question}`,
    node,
    bareNs: 1.3,
    seconds: 1,
    environment: { cpu: 'a CPU', cores: 2, memoryGiB: 24, commit: 'abc', date: '2026-01-01', load: 0 },
    measurements: [ns('limit', 2), ns('engine.add(slot)', 5), ns('a | rival', 1_234)],
    figures: [judge(ratioAtMost('beside the limit', 2.5, 2), 1, false)!],
    notes: ['A note.'],
    reference: 'limit',
  };
}

describe('results', () => {
  test('a question that was run again takes the place of what it was, on that Node alone', () => {
    const before = { results: [result('b', 'v20.1.0'), result('a', 'v20.1.0'), result('a', 'v24.1.0')] };
    const after = merged(before, { results: [result('a', 'v20.1.0', 2)] }, ['a', 'b']).results;
    expect(after.map(({ question, node }) => `${question} ${node}`)).toEqual([
      'a v20.1.0',
      'a v24.1.0',
      'b v20.1.0',
    ]);
    expect(after[0]!.measurements[0]!.best).toBe(4);
    expect(merged(before, { results: [] }, ['b']).results).toHaveLength(1);
  });
});

describe('tables', () => {
  test('Node versions stand side by side, the ratio to the limit beside each', () => {
    const [head, , engine] = measurementTable([result('a', 'v20.1.0'), result('a', 'v24.1.0', 2)]);
    expect(head).toEqual(['case', 'who', 'unit', 'v20.1.0 best / median', '×', 'v24.1.0 best / median', '×']);
    expect(engine).toEqual([
      'a case',
      'engine.add(slot)',
      'ns',
      '5.00 / 5.00 ±0 %',
      '2.50×',
      '10.0 / 10.0 ±0 %',
      '2.50×',
    ]);
  });

  test('what is missed says so', () => {
    expect(figureTable([result('a', 'v20.1.0')])[1]).toEqual([
      'beside the limit',
      '≤ 2.00 ×',
      'MISSED: 2.50',
    ]);
  });
});

describe('documents', () => {
  test('only what stands between the marks is written anew', () => {
    const document =
      'before\n<!-- bench: begin, written by npm run bench -->\nold\n<!-- bench: end -->\nafter\n';
    const text = replaceMarked(document, resultSections({ results: [result('a', 'v20.1.0')] }));
    expect(text).toMatch(/^before\n/);
    expect(text).toMatch(/<!-- bench: end -->\nafter\n$/);
    expect(text).not.toContain('old');
    expect(text).toContain('### About a');
    expect(text).toContain('a \\| rival');
    expect(() => replaceMarked('no marks', '')).toThrow('no <!-- bench: begin');
  });

  test('the plot of costs has a bar for each contestant, the least first', () => {
    const drawn = costPlot(result('message', 'v20.1.0'), 'a case');
    expect(drawn.match(/<rect x="250"/g)).toHaveLength(3);
    expect(drawn.indexOf('limit')).toBeLessThan(drawn.indexOf('a | rival'));
  });
});

describe('a profile', () => {
  test('is shared out among the engine, the loop, idling and the rest', () => {
    const frame = (id: number, functionName: string, url: string) => ({
      id,
      callFrame: { functionName, url },
    });
    const { parts, functions } = sharesOf({
      nodes: [
        frame(1, '(idle)', ''),
        frame(2, 'addBytes', 'file:///app/dist/src/record/data-recorder.js'),
        frame(3, 'turn', 'file:///app/dist/bench/questions/host-loop-process.js'),
      ],
      samples: [1, 2, 2, 3],
      timeDeltas: [70, 10, 5, 15],
    });
    expect(Object.fromEntries(parts)).toEqual({ idle: 70, 'sfu-stats': 15, 'the loop itself': 15 });
    expect(Object.fromEntries(functions)).toEqual({ 'addBytes record/data-recorder.js': 15 });
  });
});

describe('arguments', () => {
  test('lists may be given at once or one by one', () => {
    const { only, node } = parseArguments(
      ['--only', 'a,b', '--only', 'c', '--node', '/x,/y'],
      ['a', 'b', 'c'],
    );
    expect(only).toEqual(['a', 'b', 'c']);
    expect(node).toEqual(['/x', '/y']);
  });
});
