import type { WebhookEvent } from '@livekit/protocol';
import { visible } from '../../visible.js';

/** One event on one line of a terminal. Names come from clients, and may be any text. */
export function webhookLine(webhook: WebhookEvent): string {
  const { event, room, participant, track, createdAt, numDropped, id } = webhook;
  const parts = [timeText(createdAt), event.padEnd(30)];
  if (room !== undefined) parts.push(`room ${JSON.stringify(room.name || room.sid)}`);
  if (participant !== undefined)
    parts.push(`participant ${JSON.stringify(participant.identity || participant.sid)}`);
  if (track !== undefined) parts.push(`track ${JSON.stringify(track.sid)}`);
  if (numDropped > 0) parts.push(`${numDropped} lost before`);
  parts.push(id);
  return visible(parts.join('  '));
}

/** An ISO time; of a number that no date is, the number. */
function timeText(seconds: bigint): string {
  const date = new Date(Number(seconds) * 1000);
  return Number.isNaN(date.getTime()) ? `${seconds} s` : date.toISOString();
}
