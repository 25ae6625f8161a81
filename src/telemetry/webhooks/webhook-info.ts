import {
  EgressStatus,
  IngressState_Status,
  Timestamp,
  type WebhookEvent,
  WebhookInfo,
} from '@livekit/protocol';
import { type Outcome, Result } from './outcome.js';

/** What an event's reports have in common: what it was about. The names are LiveKit's. */
export function webhookAbout(event: WebhookEvent): WebhookInfo {
  const { room, participant, track, egressInfo, ingressInfo } = event;
  const about = new WebhookInfo({
    eventId: event.id,
    event: event.event,
    roomName: room?.name ?? '',
    roomId: room?.sid ?? '',
    participantIdentity: participant?.identity ?? '',
    participantId: participant?.sid ?? '',
    trackId: track?.sid ?? '',
    egressId: egressInfo?.egressId ?? '',
    ingressId: ingressInfo?.ingressId ?? '',
    createdAt: new Timestamp({ seconds: event.createdAt }),
  });
  if (egressInfo !== undefined) {
    about.serviceStatus = EgressStatus[egressInfo.status] ?? '';
    about.serviceErrorCode = egressInfo.error === '' ? 0 : egressInfo.errorCode;
    about.serviceError = egressInfo.error;
  }
  if (ingressInfo?.state !== undefined) {
    about.serviceStatus = IngressState_Status[ingressInfo.state.status] ?? '';
    about.serviceError = ingressInfo.state.error;
  }
  return about;
}

/** The report of an event's outcome at one URL. */
export function webhookInfo(about: WebhookInfo, url: string, outcome: Outcome): WebhookInfo {
  const info = about.clone();
  info.url = url;
  info.isDropped = outcome.result === Result.DROPPED;
  info.numDropped = outcome.numDropped;
  info.httpStatusCode = outcome.status;
  info.sendError = outcome.error;
  info.queueDurationNs = nanoseconds(outcome.queueMs);
  info.sendDurationNs = nanoseconds(outcome.sendMs);
  if (outcome.queuedEpochMs !== undefined) info.queuedAt = timestamp(outcome.queuedEpochMs);
  if (outcome.sentEpochMs !== undefined) info.sentAt = timestamp(outcome.sentEpochMs);
  return info;
}

function nanoseconds(ms: number): bigint {
  return BigInt(Math.round(ms * 1e6));
}

function timestamp(epochMs: number): Timestamp {
  const seconds = Math.floor(epochMs / 1000);
  return new Timestamp({
    seconds: BigInt(seconds),
    nanos: Math.floor((epochMs - seconds * 1000) * 1e6),
  });
}
