/**
 * VXLAN (RFC 7348; drivers/net/vxlan/vxlan_core.c): Ethernet frames in UDP. Where a frame goes is decided by the device's own
 * forwarding database, MAC → remote tunnel end, filled by hand (flannel, `bridge fdb append … dst …`) or by learning.
 *
 * Omits: multicast groups, L2MISS and L3MISS notifications, GBP and GPE, neighbour suppression (`proxy`), IPv6 zero checksums.
 */
import type { IpAddr } from '../addr/ip.ts'
import { isGroupMac, type Mac, ZERO_MAC } from '../addr/mac.ts'
import { outputTunnel } from '../ip/output.ts'
import { clone, IPPROTO_UDP, Packet, scrub } from '../packet/packet.ts'
import { traceDrop, traceNew, traceTunnel } from '../packet/packet-trace.ts'
import { TUNNEL_US } from './delays.ts'
import { NetDevice } from './net-device.ts'

export interface VxlanFdbEntry {
  readonly mac: Mac
  readonly remote: IpAddr
  readonly state: 'permanent' | 'learned'
  updatedUs: number
}

export interface VxlanSettings {
  vni: number
  local: IpAddr
  port: number
  learning: boolean
  /** The device below, which gives the MTU. */
  dev?: string
}

export interface VxlanState extends VxlanSettings {
  fdb(): VxlanFdbEntry[]
  /** The zero MAC is the way of broadcasts and of everybody unknown; it may have several remotes. */
  addFdb(mac: Mac, remote: IpAddr): void
  delFdb(mac: Mac, remote?: IpAddr): boolean
}

/** Bytes that the tunnel adds: IP 20 (or 40), UDP 8, VXLAN 8, inner Ethernet 14. */
export const VXLAN_OVERHEAD_V4 = 50
export const VXLAN_OVERHEAD_V6 = 70
/** Age of a learned entry (vxlan's `ageing` of 300 s). */
const AGEING_US = 300_000_000

export class VxlanDevice extends NetDevice implements VxlanState {
  readonly kind = 'vxlan'
  override readonly vxlan: VxlanState = this
  vni = 0
  local: IpAddr = 0
  port = 4789
  learning = true
  dev?: string
  readonly #fdb = new Map<Mac, VxlanFdbEntry[]>()

  configure(settings: VxlanSettings): void {
    this.vni = settings.vni
    this.local = settings.local
    this.port = settings.port
    this.learning = settings.learning
    this.dev = settings.dev
  }

  get carrier(): boolean {
    return this.up
  }

  override operstate(): 'UNKNOWN' | 'DOWN' {
    return this.up ? 'UNKNOWN' : 'DOWN'
  }

  fdb(): VxlanFdbEntry[] {
    const entries: VxlanFdbEntry[] = []
    for (const some of this.#fdb.values()) entries.push(...some)
    return entries
  }

  addFdb(mac: Mac, remote: IpAddr): void {
    const entries = this.#fdb.get(mac)?.filter((entry) => entry.state === 'permanent' && entry.remote !== remote) ?? []
    entries.push({ mac, remote, state: 'permanent', updatedUs: this.netns.world.clock.nowUs })
    this.#fdb.set(mac, mac === ZERO_MAC ? entries : entries.slice(-1))
  }

  delFdb(mac: Mac, remote?: IpAddr): boolean {
    const entries = this.#fdb.get(mac)
    const left = entries?.filter((entry) => remote !== undefined && entry.remote !== remote) ?? []
    if (!entries || left.length === entries.length) return false
    if (left.length === 0) this.#fdb.delete(mac)
    else this.#fdb.set(mac, left)
    return true
  }

  /** A tunnel packet for this VNI came in (vxlan_rcv). */
  decapsulate(outer: Packet): void {
    const inner = outer.inner
    if (!inner) return
    if (inner.etherSrc === this.mac) {
      traceDrop(this.netns, inner, 'vxlan', 'TUNNEL_LOOP', this.name)
      return
    }
    if (this.learning) this.#learn(inner.etherSrc, outer.src)
    const mark = outer.mark
    scrub(inner, false)
    inner.mark = mark
    outer.inner = null
    traceTunnel(this.netns, 'packet.decap', inner, outer, this)
    this.netns.world.clock.after(TUNNEL_US, () => this.receive(inner))
  }

  /** vxlan_xmit. */
  protected xmit(packet: Packet): void {
    const remotes = this.#remotes(packet.etherDst)
    if (remotes.length === 0) {
      this.stats.txDropped += 1
      traceDrop(this.netns, packet, 'vxlan', 'VXLAN_NO_REMOTE', this.name)
      return
    }
    for (let i = 0; i < remotes.length; i += 1) this.#encapsulate(i === remotes.length - 1 ? packet : clone(packet), remotes[i].remote)
  }

  #remotes(mac: Mac): readonly VxlanFdbEntry[] {
    const entries = isGroupMac(mac) ? undefined : this.#fdb.get(mac)
    if (entries) {
      const entry = entries[0]
      if (entry.state === 'permanent' || this.netns.world.clock.nowUs - entry.updatedUs < AGEING_US) return entries
      this.#fdb.delete(mac)
    }
    return this.#fdb.get(ZERO_MAC) ?? []
  }

  #encapsulate(inner: Packet, remote: IpAddr): void {
    const ns = this.netns
    const outer = new Packet()
    outer.cause = inner.id
    outer.inner = inner
    outer.protocol = IPPROTO_UDP
    outer.src = this.local
    outer.dst = remote
    outer.ttl = ns.sysctl.defaultTtl
    outer.ipId = ns.nextIpId()
    outer.sport = flowPort(ns.sysctl.portMin, ns.sysctl.portMax, inner)
    outer.dport = this.port
    outer.icmpId = this.vni
    // skb_scrub_packet keeps the mark inside a namespace: a rule's mark on the inner packet shows on the outer one.
    outer.mark = inner.mark
    scrub(inner, false)
    traceNew(ns, outer)
    traceTunnel(ns, 'packet.encap', inner, outer, this)
    ns.world.clock.after(TUNNEL_US, () => outputTunnel(ns, outer))
  }

  #learn(mac: Mac, remote: IpAddr): void {
    if (isGroupMac(mac) || mac === ZERO_MAC) return
    const entry = this.#fdb.get(mac)?.[0]
    if (entry?.state === 'permanent') return
    const nowUs = this.netns.world.clock.nowUs
    if (entry && entry.remote === remote) entry.updatedUs = nowUs
    else this.#fdb.set(mac, [{ mac, remote, state: 'learned', updatedUs: nowUs }])
  }
}

/** udp_flow_src_port: one flow always has the same outer source port, so that the network below can spread flows. */
function flowPort(min: number, max: number, inner: Packet): number {
  let hash = Math.imul(Number(BigInt.asUintN(32, BigInt(inner.src))) ^ 0x9e3779b1, 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 15) ^ Number(BigInt.asUintN(32, BigInt(inner.dst))), 0xc2b2ae35)
  hash = Math.imul(hash ^ (hash >>> 13) ^ (inner.sport * 65536 + inner.dport), 0x27d4eb2f)
  return min + (((hash ^ (hash >>> 16)) >>> 0) % (max - min + 1))
}
