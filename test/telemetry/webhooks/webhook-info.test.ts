import {
  EgressInfo,
  EgressStatus,
  IngressInfo,
  IngressState,
  IngressState_Status,
  ParticipantInfo,
  Room,
  TrackInfo,
  WebhookEvent,
  type WebhookInfo,
} from '@livekit/protocol';
import { describe, expect, test } from 'vitest';
import { outcomeOfUnqueued } from '../../../dist/src/telemetry/webhooks/line.js';
import type { Outcome } from '../../../dist/src/telemetry/webhooks/outcome.js';
import { webhookAbout, webhookInfo } from '../../../dist/src/telemetry/webhooks/webhook-info.js';

const URL_SHOWN = 'https://example.com/hook';
const sent: Outcome = {
  key: 'red',
  result: 'sent',
  reason: '',
  attempts: 2,
  status: 204,
  error: '',
  numDropped: 3,
  queuedEpochMs: 1_767_225_600_250,
  queueMs: 12.5,
  sentEpochMs: 1_767_225_600_262.5,
  sendMs: 1_000.000001,
};
const trackEvent = new WebhookEvent({
  event: 'track_published',
  id: 'EV_1',
  createdAt: 1_767_225_600n,
  room: new Room({ sid: 'RM_1', name: 'red' }),
  participant: new ParticipantInfo({ sid: 'PA_1', identity: 'ann' }),
  track: new TrackInfo({ sid: 'TR_1' }),
});

const infoOf = (event: WebhookEvent, outcome: Outcome = sent): WebhookInfo =>
  webhookInfo(webhookAbout(event), URL_SHOWN, outcome);

test('a report says what the event was about, and how its delivery went', () => {
  expect(infoOf(trackEvent).toJson()).toEqual({
    eventId: 'EV_1',
    event: 'track_published',
    roomName: 'red',
    roomId: 'RM_1',
    participantIdentity: 'ann',
    participantId: 'PA_1',
    trackId: 'TR_1',
    createdAt: '2026-01-01T00:00:00Z',
    queuedAt: '2026-01-01T00:00:00.250Z',
    queueDurationNs: '12500000',
    sentAt: '2026-01-01T00:00:00.262500Z',
    sendDurationNs: '1000000001',
    url: URL_SHOWN,
    numDropped: 3,
    httpStatusCode: 204,
  });
});

test('a failure is reported with its status and its error', () => {
  const failed: Outcome = {
    ...sent,
    result: 'failed',
    reason: 'status',
    status: 404,
    error: 'HTTP status 404',
  };
  expect(infoOf(trackEvent, failed)).toMatchObject({
    isDropped: false,
    httpStatusCode: 404,
    sendError: 'HTTP status 404',
  });
});

test('what found no place was dropped, and neither queued nor sent', () => {
  const info = infoOf(trackEvent, outcomeOfUnqueued('red', 'dropped', 'full', ''));
  expect(info).toMatchObject({ isDropped: true, sendError: '', queueDurationNs: 0n, sendDurationNs: 0n });
  expect(info.queuedAt).toBeUndefined();
  expect(info.sentAt).toBeUndefined();
});

test('reports of one event do not share their fields', () => {
  const about = webhookAbout(trackEvent);
  const first = webhookInfo(about, URL_SHOWN, sent);
  const second = webhookInfo(about, 'https://example.org/', { ...sent, status: 500 });
  expect([first.httpStatusCode, second.httpStatusCode]).toEqual([204, 500]);
  expect([first.url, second.url]).toEqual([URL_SHOWN, 'https://example.org/']);
  expect(about).toEqual(webhookAbout(trackEvent));
});

describe('the state of a service', () => {
  test('is that of the egress, with its error', () => {
    const egressInfo = new EgressInfo({
      egressId: 'EG_1',
      status: EgressStatus.EGRESS_FAILED,
      error: 'no space left',
      errorCode: 507,
    });
    expect(infoOf(new WebhookEvent({ event: 'egress_ended', egressInfo }))).toMatchObject({
      egressId: 'EG_1',
      serviceStatus: 'EGRESS_FAILED',
      serviceError: 'no space left',
      serviceErrorCode: 507,
    });
  });

  test('has no error code if the egress has no error', () => {
    const egressInfo = new EgressInfo({ status: EgressStatus.EGRESS_COMPLETE, errorCode: 200 });
    expect(infoOf(new WebhookEvent({ egressInfo }))).toMatchObject({
      serviceStatus: 'EGRESS_COMPLETE',
      serviceError: '',
      serviceErrorCode: 0,
    });
  });

  test('is that of the ingress, if it has one', () => {
    const state = new IngressState({ status: IngressState_Status.ENDPOINT_ERROR, error: 'refused' });
    const ingressInfo = new IngressInfo({ ingressId: 'IN_1', state });
    expect(infoOf(new WebhookEvent({ ingressInfo }))).toMatchObject({
      ingressId: 'IN_1',
      serviceStatus: 'ENDPOINT_ERROR',
      serviceError: 'refused',
    });
    const without = new IngressInfo({ ingressId: 'IN_1' });
    expect(infoOf(new WebhookEvent({ ingressInfo: without }))).toMatchObject({
      ingressId: 'IN_1',
      serviceStatus: '',
    });
  });
});
