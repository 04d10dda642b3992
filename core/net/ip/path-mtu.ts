/** What path MTU discovery (RFC 1191, RFC 8201) found out: the largest packet that gets to a destination (struct fib_nh_exception). */
import type { Clock } from '../../sim/clock.ts'
import type { IpAddr } from '../addr/ip.ts'

/** net.ipv4.route.mtu_expires. */
const EXPIRES_US = 600_000_000
/** net.ipv4.route.min_pmtu. */
const LEAST = 552
const DESTINATIONS_MAX = 4096

export class PathMtu {
  readonly #clock: Clock
  readonly #known = new Map<IpAddr, { mtu: number; expiresUs: number }>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  learn(dst: IpAddr, mtu: number): void {
    if (this.#known.size >= DESTINATIONS_MAX && !this.#known.has(dst)) {
      const oldest = this.#known.keys().next()
      if (!oldest.done) this.#known.delete(oldest.value)
    }
    this.#known.set(dst, { mtu: Math.max(mtu, typeof dst === 'bigint' ? 1280 : LEAST), expiresUs: this.#clock.nowUs + EXPIRES_US })
  }

  /** The smaller of what the link takes and what the path was found to take. */
  limit(dst: IpAddr, mtu: number): number {
    if (this.#known.size === 0) return mtu
    const known = this.#known.get(dst)
    if (!known) return mtu
    if (this.#clock.nowUs < known.expiresUs) return Math.min(mtu, known.mtu)
    this.#known.delete(dst)
    return mtu
  }
}
