import { WebhookEvent } from '@livekit/protocol';
import { describe, expect, test } from 'vitest';
import { webhookLine } from '../../../dist/src/cli/listen/webhook-line.js';

const BASE = { event: 'track_published', id: 'EV_1', createdAt: 1_767_225_600n };
const line = (fields: ConstructorParameters<typeof WebhookEvent>[0]): string =>
  webhookLine(new WebhookEvent({ ...BASE, ...fields }));

describe('the line of a webhook', () => {
  test('says when it was made, what happened, where, to whom and what, and its id', () => {
    const fields = {
      room: { sid: 'RM_1', name: 'standup' },
      participant: { sid: 'PA_1', identity: 'alice' },
      track: { sid: 'TR_1' },
    };
    expect(line(fields).replace(/ {2,}/g, ' | ')).toBe(
      '2026-01-01T00:00:00.000Z | track_published | room "standup" | participant "alice" | track "TR_1" | EV_1',
    );
  });

  test('names by sid who has no name', () => {
    expect(line({ room: { sid: 'RM_1' }, participant: { sid: 'PA_1' } })).toContain(
      'room "RM_1"  participant "PA_1"',
    );
  });

  test('leaves out what is not there, but for the events that were lost before', () => {
    expect(line({}).replace(/ {2,}/g, ' | ')).toBe('2026-01-01T00:00:00.000Z | track_published | EV_1');
    expect(line({ numDropped: 3 })).toContain('3 lost before');
  });

  test.each([
    ['a line feed', '\n'],
    ['a carriage return', '\r'],
    ['an escape sequence', '\u001b[2J'],
    ['the one-byte form of it', '\u009b2J'],
    ['a next line', '\u0085'],
    ['a line separator', '\u2028'],
    ['a paragraph separator', '\u2029'],
    ['a rubout', '\u007f'],
    ['text turned around', '\u202e'],
    ['an isolate', '\u2066'],
  ])('is one line of printable text, though a name, an event or an id holds %s', (_, hostile) => {
    const name = `a${hostile}b`;
    const shown = line({
      event: name,
      id: name,
      room: { name },
      participant: { identity: name },
      track: { sid: name },
    });
    expect(shown).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u);
    expect(shown.match(/a\\\S*b/g)).toHaveLength(5);
  });

  test('keeps quotes of a name from ending it', () => {
    expect(line({ room: { name: 'x"  participant "bob' } })).toContain(
      String.raw`room "x\"  participant \"bob"`,
    );
  });

  test.each([-(2n ** 63n), 2n ** 63n - 1n])('takes a time that is none: %s', (createdAt) => {
    expect(line({ createdAt })).toMatch(new RegExp(`^${createdAt} s  track_published`));
  });
});
