/** A whole cluster, assembled. Surface; filled below. */
import { Bug } from '../base/assert.ts'
import type { ApiClient } from '../api/client/api-client.ts'
import type { ApiServer } from '../api/server/api-server.ts'
import type { LinuxWorld, Machine } from '../linux/machine.ts'
import type { Process } from '../linux/process.ts'
import type { Tty } from '../linux/tty.ts'
import type { NetWorld } from '../net/net-world.ts'
import type { Clock } from '../sim/clock.ts'
import type { RandomStreams } from '../sim/random.ts'
import type { Trace } from '../sim/trace.ts'
import type { WorldSpec } from './world-spec.ts'

export interface ClusterDeps {
  clock: Clock
  random: RandomStreams
  trace: Trace
}

export interface Terminal {
  tty: Tty
  process: Process
  /** As closing the window does: SIGHUP to the session. */
  close(): void
}

export interface TerminalOptions {
  id: string
  machine: string
  /** `namespace/name/container`, or '' for a login shell on the machine. */
  pod: string
  columns: number
  rows: number
  onOutput(text: string): void
  onExit(code: number): void
}

export interface LineOptions {
  machine: string
  line: string
  onOutput(stream: 'stdout' | 'stderr', text: string): void
  onExit(code: number): void
}

export interface Cluster {
  spec: WorldSpec
  clock: Clock
  random: RandomStreams
  trace: Trace
  linux: LinuxWorld
  net: NetWorld
  server: ApiServer
  machines: Map<string, Machine>
  client(actor: string): ApiClient
  /** Advances until nothing but background work is left. False when `eventsMax` did not suffice. */
  boot(eventsMax?: number): boolean
  /** Opens a terminal; a string is the error that a person sees. */
  openTerminal(options: TerminalOptions): Terminal | string
  /** Runs one shell line on a machine without a terminal; the result ends it. */
  runLine(options: LineOptions): (() => void) | string
}

export function buildCluster(spec: WorldSpec, deps: ClusterDeps): Cluster {
  throw new Bug(`not yet ${spec.name} ${deps.clock.nowUs}`)
}
