/** The trace events that tell the state of a link. */
import { formatMac } from '../addr/mac.ts'
import type { NetDevice } from './net-device.ts'

export function emitLink(dev: NetDevice, kind: 'link.add' | 'link.set'): void {
  dev.netns.world.trace.emit({
    kind,
    netns: dev.netns.id,
    ifindex: dev.ifindex,
    name: dev.name,
    linkKind: dev.kind,
    mac: formatMac(dev.mac),
    mtu: dev.mtu,
    up: dev.up,
    carrier: dev.carrier,
    master: dev.master?.ifindex ?? 0,
    peerNetns: dev.peer?.netns.id ?? 0,
    peerIfindex: dev.peer?.ifindex ?? 0,
  })
}
