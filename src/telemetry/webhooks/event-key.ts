import type { WebhookEvent } from '@livekit/protocol';

/**
 * What an event is about: events of one key are delivered in order. An egress or ingress goes before its room,
 * a room before who is in it.
 */
export function eventKey({ egressInfo, ingressInfo, room, participant, track }: WebhookEvent): string {
  return (
    egressInfo?.egressId || ingressInfo?.ingressId || room?.name || participant?.identity || track?.sid || ''
  );
}
