/** Connection tracking of one network namespace. */
import { Bug } from '../../base/assert.ts'
import type { NetNamespace } from '../net-namespace.ts'
import type { IpAddr } from '../addr/ip.ts'
import type { ConntrackEntry } from './conntrack-entry.ts'

export type { ConntrackEntry } from './conntrack-entry.ts'

/** What `conntrack -D` and kube-proxy select by; fields left out match everything. */
export interface ConntrackFilter {
  version?: 4 | 6
  protocol?: number
  origSrc?: IpAddr
  origDst?: IpAddr
  origSport?: number
  origDport?: number
  replySrc?: IpAddr
  replyDst?: IpAddr
  replySport?: number
  replyDport?: number
  /** For whatever the fields above cannot say. */
  where?: (entry: ConntrackEntry) => boolean
}

/** Counters of `conntrack -S`. */
export interface ConntrackStats {
  found: number
  invalid: number
  insert: number
  insertFailed: number
  drop: number
  earlyDrop: number
  error: number
  searchRestart: number
  clashResolve: number
}

export class Conntrack {
  readonly ns: NetNamespace
  readonly stats: ConntrackStats = {
    found: 0, invalid: 0, insert: 0, insertFailed: 0, drop: 0, earlyDrop: 0, error: 0, searchRestart: 0, clashResolve: 0,
  }

  constructor(ns: NetNamespace) {
    this.ns = ns
  }

  get count(): number {
    return 0
  }

  /** Every confirmed connection, oldest first. */
  entries(): ConntrackEntry[] {
    throw new Bug('not yet')
  }

  /** Forgets the connections that `filter` selects; how many there were. */
  delete(filter: ConntrackFilter): number {
    throw new Bug(`not yet ${String(filter)}`)
  }

  flush(): number {
    return this.delete({})
  }
}
