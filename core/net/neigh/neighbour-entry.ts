/** One neighbour: who has this address on this link (struct neighbour), and what is known of its reachability (RFC 4861 7.3.2). */
import type { Timer } from '../../sim/clock.ts'
import type { IpAddr } from '../addr/ip.ts'
import type { Mac } from '../addr/mac.ts'
import type { NetDevice } from '../device/net-device.ts'
import type { Packet } from '../packet/packet.ts'

/** NUD states of linux/neighbour.h. */
export type NeighbourState = 'NONE' | 'INCOMPLETE' | 'REACHABLE' | 'STALE' | 'DELAY' | 'PROBE' | 'FAILED' | 'NOARP' | 'PERMANENT'

export class NeighbourEntry {
  readonly ip: IpAddr
  readonly dev: NetDevice
  mac: Mac | null = null
  state: NeighbourState = 'NONE'
  updatedUs: number
  /** Last proof that it answers, and last packet sent to it. */
  confirmedUs: number
  usedUs: number
  /** Solicitations sent since the state was entered. */
  probes = 0
  /** Packets that wait for the address. */
  readonly queue: Packet[] = []
  timer: Timer | null = null
  reachableUs = 0

  constructor(ip: IpAddr, dev: NetDevice, nowUs: number) {
    this.ip = ip
    this.dev = dev
    this.updatedUs = nowUs
    this.confirmedUs = nowUs
    this.usedUs = nowUs
  }

  /** NUD_VALID: the link-layer address may be used. */
  get valid(): boolean {
    const state = this.state
    return (
      state === 'REACHABLE' || state === 'PERMANENT' || state === 'STALE' || state === 'DELAY' || state === 'PROBE' || state === 'NOARP'
    )
  }

  /** NUD_CONNECTED: usable without a doubt. */
  get connected(): boolean {
    return this.state === 'REACHABLE' || this.state === 'PERMANENT' || this.state === 'NOARP'
  }
}
