import {
  AnalyticsEventType,
  AnalyticsNodeRooms,
  APICallInfo,
  EgressInfo,
  IngressInfo,
  ReportInfo,
} from '@livekit/protocol';
import type { InfoCall } from '../memory/frames.js';
import { decode } from '../snapshot/decode.js';
import type { Taken, Telling } from './telling.js';

/** Ingress created, deleted and updated are told to nobody but the analytics. */
const INFO_WEBHOOKS: Partial<Record<InfoCall['call'], string>> = {
  egressStarted: 'egress_started',
  egressUpdated: 'egress_updated',
  egressEnded: 'egress_ended',
  ingressStarted: 'ingress_started',
  ingressEnded: 'ingress_ended',
};

const EGRESS_EVENTS: Partial<Record<InfoCall['call'], AnalyticsEventType>> = {
  egressStarted: AnalyticsEventType.EGRESS_STARTED,
  egressUpdated: AnalyticsEventType.EGRESS_UPDATED,
  egressEnded: AnalyticsEventType.EGRESS_ENDED,
};

const INGRESS_EVENTS: Partial<Record<InfoCall['call'], AnalyticsEventType>> = {
  ingressCreated: AnalyticsEventType.INGRESS_CREATED,
  ingressDeleted: AnalyticsEventType.INGRESS_DELETED,
  ingressStarted: AnalyticsEventType.INGRESS_STARTED,
  ingressUpdated: AnalyticsEventType.INGRESS_UPDATED,
  ingressEnded: AnalyticsEventType.INGRESS_ENDED,
};

/** Tells a call that hands a message on. */
export function tellInfo(call: InfoCall, telling: Telling, taken: Taken): void {
  const webhook = INFO_WEBHOOKS[call.call];
  const egress = EGRESS_EVENTS[call.call];
  const ingress = INGRESS_EVENTS[call.call];
  if (egress !== undefined) {
    const info = decode(EgressInfo, call.info);
    if (webhook !== undefined) telling.webhook({ event: webhook, egressInfo: info }, info.roomId, taken);
    const { egressId, roomId } = info;
    telling.event({ type: egress, egressId, roomId, egress: info }, roomId, taken);
  } else if (ingress !== undefined) {
    const info = decode(IngressInfo, call.info);
    const roomId = info.state?.roomId ?? '';
    if (webhook !== undefined) telling.webhook({ event: webhook, ingressInfo: info }, roomId, taken);
    telling.event({ type: ingress, ingressId: info.ingressId, roomId, ingress: info }, roomId, taken);
  } else if (call.call === 'report') {
    const report = decode(ReportInfo, call.info);
    telling.event({ type: AnalyticsEventType.REPORT, report }, '', taken);
  } else if (call.call === 'apiCall') {
    const apiCall = decode(APICallInfo, call.info);
    telling.event({ type: AnalyticsEventType.API_CALL, apiCall }, '', taken);
  } else {
    telling.sinks.nodeRooms(decode(AnalyticsNodeRooms, call.info), taken.time);
  }
}
