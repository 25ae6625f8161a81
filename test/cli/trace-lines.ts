/** A room, as a trace may bring it. */
export const ROOM = { sid: 'RM_1', name: 'room one' };
/** The line that makes PA_1 known. */
export const JOINED = {
  t: 0,
  op: 'participant_joined',
  room: ROOM,
  participant: { sid: 'PA_1', identity: 'a' },
};

/** A line of running totals of one SSRC: packets of ten bytes. */
export const rtp = (t: number, primaryPackets: number, more: object = {}): Record<string, unknown> => ({
  t,
  op: 'rtp',
  room: 'RM_1',
  participant: 'PA_1',
  track: 'TR_1',
  direction: 'UPSTREAM',
  mimeType: 'audio/opus',
  streams: [{ ssrc: 1, primaryPackets, primaryBytes: 10 * primaryPackets }],
  ...more,
});
export const data = (t: number, bytes: number, more: object = {}): Record<string, unknown> => ({
  t,
  op: 'data',
  room: 'RM_1',
  participant: 'PA_1',
  direction: 'UPSTREAM',
  bytes,
  ...more,
});
