import { TrackInfo } from '@livekit/protocol';
import { describe, expect, test } from 'vitest';
import type { TrackName } from '../../dist/src/memory/frames.js';
import { TrackInfos } from '../../dist/src/telemetry/track-infos.js';

/** A track as a call names it, with its object. */
function named(sid: string, name: string): TrackName {
  return { sid, message: new TrackInfo({ sid, name }).toBinary() };
}

const bySid = { sid: 'TR' };

describe('the track of a sid', () => {
  test('is the one its publisher brought last', () => {
    const infos = new TrackInfos();
    infos.publish('RM', 'PA', named('TR', 'one'));
    infos.publish('RM', 'PA', named('TR', 'two'));
    expect(infos.infoOf('RM', bySid)).toEqual(new TrackInfo({ sid: 'TR', name: 'two' }));
  });

  test('is the one that anybody brought last', () => {
    const infos = new TrackInfos();
    infos.publish('RM', 'PA', named('TR', 'one'));
    expect(infos.infoOf('RM', named('TR', 'two'))).toMatchObject({ name: 'two' });
    expect(infos.infoOf('RM', bySid)).toMatchObject({ name: 'two' });
  });

  test('keeps what is known when its publisher names it by sid alone', () => {
    const infos = new TrackInfos();
    infos.publish('RM', 'PA', named('TR', 'one'));
    infos.publish('RM', 'PA', bySid);
    expect(infos.infoOf('RM', bySid)).toMatchObject({ name: 'one' });
  });

  test('has the sid of the call, whatever the object says', () => {
    const infos = new TrackInfos();
    const track = { sid: 'TR', message: new TrackInfo({ sid: 'TR_other', name: 'one' }).toBinary() };
    infos.publish('RM', 'PA', track);
    expect(infos.infoOf('RM', bySid)).toMatchObject({ sid: 'TR', name: 'one' });
    expect(infos.infoOf('RM', track)).toMatchObject({ sid: 'TR', name: 'one' });
  });
});

describe('a track nobody published', () => {
  test('is its sid', () => {
    expect(new TrackInfos().infoOf('RM', bySid)).toEqual(new TrackInfo({ sid: 'TR' }));
  });

  test('is what the call brings, and not remembered', () => {
    const infos = new TrackInfos();
    expect(infos.infoOf('RM', named('TR', 'one'))).toMatchObject({ name: 'one' });
    expect(infos.infoOf('RM', bySid)).toMatchObject({ name: '' });
  });

  test('is not that of another room', () => {
    const infos = new TrackInfos();
    infos.publish('RM_1', 'PA', named('TR', 'one'));
    expect(infos.infoOf('RM_2', bySid)).toMatchObject({ name: '' });
  });

  test('has no sid to be found by, while it is only asked for', () => {
    const infos = new TrackInfos();
    infos.publish('RM', 'PA', named('', 'one'));
    expect(infos.infoOf('RM', { sid: '' })).toEqual(new TrackInfo());
  });
});

describe('forgetting', () => {
  test('takes what the participant published, and nothing else', () => {
    const infos = new TrackInfos();
    for (const [room, publisher, sid] of [
      ['RM', 'PA_1', 'TR_1'],
      ['RM', 'PA_1', 'TR_2'],
      ['RM', 'PA_2', 'TR_3'],
      ['RM_other', 'PA_1', 'TR_1'],
    ] as const) {
      infos.publish(room, publisher, named(sid, 'known'));
    }
    infos.forget('RM', 'PA_1');
    const nameOf = (room: string, sid: string): string => infos.infoOf(room, { sid }).name;
    expect(nameOf('RM', 'TR_1')).toBe('');
    expect(nameOf('RM', 'TR_2')).toBe('');
    expect(nameOf('RM', 'TR_3')).toBe('known');
    expect(nameOf('RM_other', 'TR_1')).toBe('known');
  });

  test('follows a track to whoever publishes it now', () => {
    const infos = new TrackInfos();
    infos.publish('RM', 'PA_1', named('TR', 'known'));
    infos.publish('RM', 'PA_2', named('TR', 'known'));
    infos.forget('RM', 'PA_1');
    expect(infos.infoOf('RM', bySid)).toMatchObject({ name: 'known' });
    infos.forget('RM', 'PA_2');
    expect(infos.infoOf('RM', bySid)).toMatchObject({ name: '' });
  });

  test('somebody who published nothing does nothing', () => {
    const infos = new TrackInfos();
    infos.forget('RM', 'PA');
    infos.publish('RM', 'PA', named('TR', 'known'));
    infos.forget('RM', 'PA_other');
    expect(infos.infoOf('RM', bySid)).toMatchObject({ name: 'known' });
  });
});

describe('a track that was unpublished', () => {
  test('is known for a while, and then forgotten', () => {
    const infos = new TrackInfos();
    infos.publish('RM', 'PA', named('TR', 'one'));
    infos.unpublish('RM', 'TR', 1_000);
    infos.forgetUnpublished(1_000);
    expect(infos.infoOf('RM', bySid)).toMatchObject({ name: 'one' });
    infos.forgetUnpublished(1_001);
    expect(infos.infoOf('RM', bySid)).toEqual(new TrackInfo({ sid: 'TR' }));
  });

  test('stays when it was published again meanwhile', () => {
    const infos = new TrackInfos();
    infos.publish('RM', 'PA', named('TR', 'one'));
    infos.unpublish('RM', 'TR', 1_000);
    infos.publish('RM', 'PA', named('TR', 'two'));
    infos.forgetUnpublished(9_000);
    expect(infos.infoOf('RM', bySid)).toMatchObject({ name: 'two' });
  });
});
