import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { MAX_BODY_BYTES } from '../../dist/src/cli/listen/receiver.js';
import { MAX_LINE_BYTES as MAX_TRACE_LINE_BYTES } from '../../dist/src/cli/trace/line-splitter.js';
import { MAX_MESSAGE_BYTES } from '../../dist/src/engine/encode-message.js';
import { REGISTRY_LIMITS } from '../../dist/src/engine/registry.js';
import { fileDefaults } from '../../dist/src/exporters/file/file-options.js';
import { MAX_PAYLOAD_BYTES } from '../../dist/src/exporters/file/forms/frames.js';
import { MAX_LINE_BYTES } from '../../dist/src/exporters/file/forms/json-items.js';
import { grpcDefaults } from '../../dist/src/exporters/grpc/grpc-options.js';
import { metricsDefaults } from '../../dist/src/exporters/prometheus/metrics-options.js';
import { MAX_NAME_LENGTH } from '../../dist/src/record/refs.js';
import { webhookDefaults } from '../../dist/src/telemetry/webhooks/webhook-options.js';
import { tableOf } from '../helpers/readme.js';

const read = (file: string): string => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');

test('the limits of the threat model are those of the code', () => {
  const told = new Map(
    tableOf('Limits', read('docs/security.md')).map(([limit, number]) => [limit!, Number(number)]),
  );
  expect([...told.values()].every(Number.isInteger)).toBe(true);

  const options = {
    metrics: metricsDefaults,
    webhooks: webhookDefaults,
    gRPC: grpcDefaults,
    files: fileDefaults,
  };
  const named = [...told].flatMap(([limit, number]) => {
    const [, of, option] = /^(\w+): .*\(`(\w+)`\)$/.exec(limit) ?? [];
    return option === undefined ? [] : [[of, option, number]];
  });
  expect(named.length).toBeGreaterThan(10);
  const inCode = named.map(([of, option]) => [
    of,
    option,
    (options[of as keyof typeof options] as Record<string, unknown>)[option as string],
  ]);
  expect(named).toEqual(inCode);

  expect(Object.fromEntries(told)).toMatchObject({
    'characters of a sid, or of another text of a call': MAX_NAME_LENGTH,
    'bytes of a message that a call is given (a room, a participant, a track)': MAX_MESSAGE_BYTES,
    'rooms known at a time': REGISTRY_LIMITS.rooms,
    'participants known at a time': REGISTRY_LIMITS.participants,
    'tracks known at a time': REGISTRY_LIMITS.tracks,
    'bytes kept of what calls said': REGISTRY_LIMITS.bytes,
    "files: bytes of a frame's payload": MAX_PAYLOAD_BYTES,
    'files: bytes of a line': MAX_LINE_BYTES,
    'traces: bytes of a line': MAX_TRACE_LINE_BYTES,
    '`sfu-stats listen`: bytes of a body': MAX_BODY_BYTES,
  });
});

test('SECURITY.md names the version that this is, and no address that nobody reads', () => {
  const { version } = JSON.parse(read('package.json')) as { version: string };
  const text = read('SECURITY.md');
  expect(tableOf('Supported versions', text)[0]).toEqual([version.replace(/\.\d+$/, '.x'), 'yes']);
  expect(text).toContain('security advisory of this repository');
  expect(text).not.toMatch(/\S+@\S+|https?:/);
});
