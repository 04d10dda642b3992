/**
 * Neighbour table of one namespace: resolution, the NUD state machine and its timers (net/core/neighbour.c; RFC 4861 section
 * 7.3 for the states, RFC 826 for ARP). Timers of resolution are work that the world waits for; those of ageing are not.
 *
 * Omits: garbage collection (tables stay below gc_thresh1, where the kernel collects nothing), proxy entries per address,
 * app_solicit, per-interface parameters (the `default` ones hold for all devices).
 */
import type { Errno } from '../../base/errno.ts'
import { addressBits, compareIp, formatIp, type IpAddr, isMulticast, lastAddress } from '../addr/ip.ts'
import { BROADCAST_MAC, formatMac, type Mac, multicastMac } from '../addr/mac.ts'
import type { NetDevice } from '../device/net-device.ts'
import type { DropReason } from '../drop-reason.ts'
import type { NetNamespace } from '../net-namespace.ts'
import type { Packet } from '../packet/packet.ts'
import { traceDrop, traceNeigh } from '../packet/packet-trace.ts'
import { NeighbourEntry, type NeighbourState } from './neighbour-entry.ts'
import { sendArpRequest } from './arp.ts'
import { sendNeighbourSolicitation } from './ndp.ts'

export { NeighbourEntry, type NeighbourState } from './neighbour-entry.ts'

export class NeighbourTable {
  readonly #ns: NetNamespace
  readonly #byDevice = new Map<NetDevice, Map<IpAddr, NeighbourEntry>>()

  constructor(ns: NetNamespace) {
    this.#ns = ns
  }

  /** In the order of devices and addresses. */
  list(): NeighbourEntry[] {
    const entries: NeighbourEntry[] = []
    for (const map of this.#byDevice.values()) for (const entry of map.values()) if (entry.state !== 'NONE') entries.push(entry)
    return entries.sort((a, b) => a.dev.ifindex - b.dev.ifindex || compareIp(a.ip, b.ip))
  }

  get(ip: IpAddr, dev: NetDevice): NeighbourEntry | undefined {
    return this.#byDevice.get(dev)?.get(ip)
  }

  /** `ip neigh replace`. */
  set(ip: IpAddr, dev: NetDevice, mac: Mac | null, state: NeighbourState): Errno | null {
    if (dev.netns !== this.#ns) return 'ENODEV'
    if (mac === null && state !== 'FAILED' && state !== 'INCOMPLETE' && state !== 'NOARP') return 'EINVAL'
    const entry = this.#ensure(ip, dev)
    this.#enter(entry, state, mac)
    return null
  }

  del(ip: IpAddr, dev: NetDevice): Errno | null {
    const map = this.#byDevice.get(dev)
    const entry = map?.get(ip)
    if (!map || !entry || entry.state === 'NONE') return 'ENOENT'
    this.#forget(map, entry)
    return null
  }

  /** Forgets what is known on a device: all of it, or (carrier lost) all but PERMANENT entries. */
  flush(dev: NetDevice, keepPermanent: boolean): void {
    const map = this.#byDevice.get(dev)
    if (!map) return
    for (const entry of [...map.values()]) if (!(keepPermanent && entry.state === 'PERMANENT')) this.#forget(map, entry)
    if (map.size === 0) this.#byDevice.delete(dev)
  }

  /** The stack's last step: finds the MAC of `nextHop` and sends, or keeps the packet until it is known (neigh_output). */
  output(dev: NetDevice, nextHop: IpAddr, packet: Packet): void {
    packet.etherSrc = dev.mac
    const fixed = dev.noArp ? 0 : fixedMac(dev, nextHop)
    if (fixed !== null) {
      packet.etherDst = fixed
      dev.transmit(packet)
      return
    }
    const entry = this.#ensure(nextHop, dev)
    const nowUs = this.#ns.world.clock.nowUs
    entry.usedUs = nowUs
    if (packet.confirmNeighbour) {
      packet.confirmNeighbour = false
      entry.confirmedUs = nowUs
    }
    if (entry.valid) {
      if (entry.state === 'STALE') this.#enter(entry, 'DELAY', entry.mac)
      packet.etherDst = entry.mac as Mac
      traceNeigh(this.#ns, packet, dev, nextHop, entry.mac, 'resolved')
      dev.transmit(packet)
      return
    }
    traceNeigh(this.#ns, packet, dev, nextHop, null, 'queued')
    if (entry.queue.length >= this.#ns.sysctl.number('net.ipv4.neigh.default.unres_qlen')) {
      const oldest = entry.queue.shift()
      if (oldest) this.#lose(oldest, 'NEIGH_QUEUEFULL', nextHop)
    }
    // What came from elsewhere belongs to no socket here (skb_orphan): its sender is free to send it again.
    packet.queued = packet.inDev === null
    entry.queue.push(packet)
    if (entry.state !== 'INCOMPLETE') this.#enter(entry, 'INCOMPLETE', null)
  }

  /**
   * A message says that `ip` is at `mac` (neigh_update). `override`: a different MAC than the known one is believed.
   * Without `create`, only who is already in the table is updated.
   */
  update(ip: IpAddr, dev: NetDevice, mac: Mac, state: 'REACHABLE' | 'STALE', override: boolean, create: boolean): void {
    const entry = create ? this.#ensure(ip, dev) : this.get(ip, dev)
    if (!entry || entry.state === 'NOARP' || entry.state === 'PERMANENT') return
    const nowUs = this.#ns.world.clock.nowUs
    let next: NeighbourState = state
    let lladdr = mac
    if (entry.valid && entry.mac !== mac) {
      if (!override) {
        // Somebody else claims the address: what is known becomes doubtful, no more.
        if (state !== 'REACHABLE' || entry.state !== 'REACHABLE') return
        next = 'STALE'
        lladdr = entry.mac as Mac
      }
    } else if (entry.valid && state === 'STALE') {
      // A request from somebody known proves nothing new (neigh_update: NUD_STALE to the same address keeps the state).
      return
    }
    if (next === 'REACHABLE') entry.confirmedUs = nowUs
    this.#enter(entry, next, lladdr)
  }

  #ensure(ip: IpAddr, dev: NetDevice): NeighbourEntry {
    let map = this.#byDevice.get(dev)
    if (!map) {
      map = new Map()
      this.#byDevice.set(dev, map)
    }
    let entry = map.get(ip)
    if (!entry) {
      entry = new NeighbourEntry(ip, dev, this.#ns.world.clock.nowUs)
      map.set(ip, entry)
    }
    return entry
  }

  #forget(map: Map<IpAddr, NeighbourEntry>, entry: NeighbourEntry): void {
    this.#ns.world.clock.cancel(entry.timer)
    map.delete(entry.ip)
    for (const packet of entry.queue.splice(0)) this.#lose(packet, 'NEIGH_DEAD', entry.ip)
    if (entry.state !== 'NONE') this.#emit('neigh.del', entry)
  }

  #enter(entry: NeighbourEntry, state: NeighbourState, mac: Mac | null): void {
    const clock = this.#ns.world.clock
    const changed = entry.state !== state || entry.mac !== mac
    clock.cancel(entry.timer)
    entry.timer = null
    entry.state = state
    entry.mac = mac
    entry.updatedUs = clock.nowUs
    if (changed) this.#emit('neigh.set', entry)
    switch (state) {
      case 'INCOMPLETE':
        entry.probes = 0
        this.#probe(entry)
        return
      case 'REACHABLE':
        entry.reachableUs = this.#reachableTimeUs()
        entry.timer = clock.afterInBackground(entry.reachableUs, () => this.#reachableOver(entry))
        break
      case 'DELAY':
        entry.timer = clock.afterInBackground(this.#seconds('net.ipv4.neigh.default.delay_first_probe_time'), () => this.#delayOver(entry))
        break
      case 'PROBE':
        entry.probes = 0
        this.#probe(entry)
        return
      case 'FAILED':
        this.#fail(entry)
        return
      default:
        break
    }
    if (entry.valid && entry.queue.length > 0) this.#release(entry)
  }

  /** neigh_timer_handler in INCOMPLETE and PROBE: ask again every retrans_time, give up after the last answerless one. */
  #probe(entry: NeighbourEntry): void {
    const ns = this.#ns
    const resolving = entry.state === 'INCOMPLETE'
    const max = ns.sysctl.number(resolving ? 'net.ipv4.neigh.default.mcast_solicit' : 'net.ipv4.neigh.default.ucast_solicit')
    if (entry.probes >= max) {
      this.#enter(entry, 'FAILED', null)
      return
    }
    entry.probes += 1
    const retransUs = ns.sysctl.number('net.ipv4.neigh.default.retrans_time_ms') * 1000
    const again = () => this.#probe(entry)
    entry.timer = resolving ? ns.world.clock.after(retransUs, again) : ns.world.clock.afterInBackground(retransUs, again)
    const cause = entry.queue[0] ?? null
    if (typeof entry.ip === 'bigint') sendNeighbourSolicitation(ns, entry.dev, entry.ip, resolving ? null : entry.mac, cause)
    else sendArpRequest(ns, entry.dev, entry.ip, resolving ? null : entry.mac, cause)
  }

  #reachableOver(entry: NeighbourEntry): void {
    const clock = this.#ns.world.clock
    const leftUs = entry.confirmedUs + entry.reachableUs - clock.nowUs
    if (leftUs > 0) entry.timer = clock.afterInBackground(leftUs, () => this.#reachableOver(entry))
    else if (clock.nowUs <= entry.usedUs + this.#seconds('net.ipv4.neigh.default.delay_first_probe_time'))
      this.#enter(entry, 'DELAY', entry.mac)
    else this.#enter(entry, 'STALE', entry.mac)
  }

  #delayOver(entry: NeighbourEntry): void {
    const delayUs = this.#seconds('net.ipv4.neigh.default.delay_first_probe_time')
    if (this.#ns.world.clock.nowUs <= entry.confirmedUs + delayUs) this.#enter(entry, 'REACHABLE', entry.mac)
    else this.#enter(entry, 'PROBE', entry.mac)
  }

  /** Nobody answers: everything that waits dies with a host unreachable to its sender (arp_error_report). */
  #fail(entry: NeighbourEntry): void {
    for (const packet of entry.queue.splice(0)) {
      this.#lose(packet, 'NEIGH_FAILED', entry.ip)
      this.#ns.icmp.sendHostUnreachable(packet)
    }
  }

  #lose(packet: Packet, reason: DropReason, ip: IpAddr): void {
    packet.queued = false
    traceDrop(this.#ns, packet, 'neigh', reason, formatIp(ip))
  }

  #release(entry: NeighbourEntry): void {
    for (const packet of entry.queue.splice(0)) {
      packet.queued = false
      packet.etherSrc = entry.dev.mac
      packet.etherDst = entry.mac as Mac
      traceNeigh(this.#ns, packet, entry.dev, entry.ip, entry.mac, 'resolved')
      entry.dev.transmit(packet)
    }
  }

  /** Evenly from half to one and a half of base_reachable_time (RFC 4861 section 6.3.4). */
  #reachableTimeUs(): number {
    const baseMs = this.#ns.sysctl.number('net.ipv4.neigh.default.base_reachable_time_ms')
    const ms = baseMs <= 0 ? 0 : Math.floor(baseMs / 2) + this.#ns.random('neigh').below(baseMs)
    return ms * 1000
  }

  #seconds(name: 'net.ipv4.neigh.default.delay_first_probe_time'): number {
    return this.#ns.sysctl.number(name) * 1_000_000
  }

  #emit(kind: 'neigh.set' | 'neigh.del', entry: NeighbourEntry): void {
    this.#ns.world.trace.emit({
      kind,
      netns: this.#ns.id,
      ifindex: entry.dev.ifindex,
      ip: formatIp(entry.ip),
      mac: entry.mac === null ? '' : formatMac(entry.mac),
      state: entry.state,
    })
  }
}

/** Broadcast and multicast need no question (arp_constructor); null when somebody has to be asked. */
function fixedMac(dev: NetDevice, ip: IpAddr): Mac | null {
  if (isMulticast(ip)) return multicastMac(ip)
  if (typeof ip === 'bigint') return null
  if (ip === 0xffffffff) return BROADCAST_MAC
  for (const address of dev.addresses) {
    if (address.broadcast === ip) return BROADCAST_MAC
    if (address.prefixLength < 31 && addressBits(address.ip) === 32 && lastAddress(address.ip, address.prefixLength) === ip)
      return BROADCAST_MAC
  }
  return null
}
