import { TrackInfo, TrackSource, TrackType } from '@livekit/protocol';
import { describe, expect, test } from 'vitest';
import { TrackInfos } from '../../dist/src/telemetry/track-infos.js';

const CAMERA = { source: TrackSource.CAMERA, type: TrackType.VIDEO };
const named = (sid: string, fields: ConstructorParameters<typeof TrackInfo>[0] = CAMERA) => ({
  sid,
  message: new TrackInfo({ sid, ...fields }).toBinary(),
});

describe('source and type of a track', () => {
  test('are those of the latest info, whoever brought it, until the track is forgotten', () => {
    const infos = new TrackInfos();
    expect(infos.kindOf('RM', 'TR')).toBeUndefined();
    infos.publish('RM', 'PA', named('TR'));
    expect(infos.kindOf('RM', 'TR')).toMatchObject(CAMERA);
    const screen = { source: TrackSource.SCREEN_SHARE, type: TrackType.VIDEO };
    infos.infoOf('RM', named('TR', screen));
    expect(infos.kindOf('RM', 'TR')).toMatchObject(screen);
    expect(infos.kindOf('RM_2', 'TR')).toBeUndefined();
    infos.forget('RM', 'PA');
    expect(infos.kindOf('RM', 'TR')).toBeUndefined();
  });

  test('are not known from an info that says neither', () => {
    const infos = new TrackInfos();
    infos.publish('RM', 'PA', named('TR', {}));
    expect(infos.kindOf('RM', 'TR')).toBeUndefined();
  });
});

describe("a room's version", () => {
  test('changes with everything that may change an answer, and with nothing of another room', () => {
    const infos = new TrackInfos();
    const versions: number[] = [];
    const note = () => versions.push(infos.versionOf('RM'));
    note();
    infos.publish('RM', 'PA', named('TR'));
    note();
    infos.infoOf('RM', named('TR', {}));
    note();
    infos.publish('RM', 'PA', named('TR_2'));
    note();
    infos.unpublish('RM', 'TR_2', 100);
    infos.forgetUnpublished(101);
    note();
    infos.forget('RM', 'PA');
    note();
    infos.publish('RM', 'PA', named('TR'));
    note();
    for (let i = 1; i < versions.length; i++) expect(versions[i], `step ${i}`).not.toBe(versions[i - 1]);
    const before = infos.versionOf('RM');
    infos.publish('RM_2', 'PA', named('TR'));
    infos.infoOf('RM', { sid: 'TR' });
    expect(infos.versionOf('RM')).toBe(before);
    expect(before, 'no answer of an earlier time is taken for one of now').toBeGreaterThan(
      Math.max(...versions.slice(0, -1)),
    );
  });
});
