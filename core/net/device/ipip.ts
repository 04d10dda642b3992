/**
 * IP in IP (RFC 2003; net/ipv4/ipip.c), as Calico's `tunl0`: no remote end of its own, the route's gateway is the remote.
 *
 * Omits: IPv6 in IPv4 and the reverse, path MTU of the tunnel.
 */
import type { IpAddr } from '../addr/ip.ts'
import { outputTunnel } from '../ip/output.ts'
import { IPPROTO_IPIP, Packet, scrub } from '../packet/packet.ts'
import { traceDrop, traceNew, traceTunnel } from '../packet/packet-trace.ts'
import { TUNNEL_US } from './delays.ts'
import { NetDevice } from './net-device.ts'

/** Bytes that the tunnel adds. */
export const IPIP_OVERHEAD = 20

export class IpipDevice extends NetDevice {
  readonly kind = 'ipip'
  local: IpAddr = 0
  remote: IpAddr = 0

  get carrier(): boolean {
    return this.up
  }

  override get noArp(): boolean {
    return true
  }

  override operstate(): 'UNKNOWN' | 'DOWN' {
    return this.up ? 'UNKNOWN' : 'DOWN'
  }

  decapsulate(outer: Packet): void {
    const inner = outer.inner
    if (!inner) return
    const mark = outer.mark
    scrub(inner, false)
    inner.mark = mark
    outer.inner = null
    traceTunnel(this.netns, 'packet.decap', inner, outer, this)
    this.netns.world.clock.after(TUNNEL_US, () => this.receive(inner))
  }

  /** ip_tunnel_xmit: without a configured remote, the next hop of the packet's route is the remote. */
  protected xmit(packet: Packet): void {
    const ns = this.netns
    const route = ns.fib.resolve(packet.dst, 0, 0, this.ifindex, 0)
    const remote = this.remote !== 0 ? this.remote : (route.via ?? packet.dst)
    const source = this.local !== 0 ? this.local : 0
    const outer = new Packet()
    const below = ns.fib.resolve(remote, source, 0, 0, 0)
    const src = source !== 0 ? source : below.dev ? ns.sourceAddressFor(remote, below.dev) : null
    if (src === null || below.type !== 'unicast' || below.dev === this) {
      this.stats.txDropped += 1
      traceDrop(ns, packet, 'ipip', 'VXLAN_NO_REMOTE', this.name)
      return
    }
    outer.cause = packet.id
    outer.inner = packet
    outer.protocol = IPPROTO_IPIP
    outer.src = src
    outer.dst = remote
    outer.tos = packet.tos
    outer.df = packet.df
    outer.ipId = ns.nextIpId()
    outer.ttl = this.remote !== 0 ? ns.sysctl.defaultTtl : packet.ttl
    outer.mark = packet.mark
    scrub(packet, false)
    traceNew(ns, outer)
    traceTunnel(ns, 'packet.encap', packet, outer, this)
    ns.world.clock.after(TUNNEL_US, () => outputTunnel(ns, outer))
  }
}
