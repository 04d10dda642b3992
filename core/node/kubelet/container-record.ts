/** What the kubelet remembers of one container name of a pod across its restarts. */
import type { Container as ContainerSpec, ContainerState } from '../../api/types/index.ts'
import { formatTime } from '../../api/meta/timestamp.ts'
import type { Container } from '../cri/container.ts'
import type { ProbeWorker } from './probe-worker.ts'

/** kubelet's backOff for crashing containers (MaxContainerBackOff) and for images. */
export const BACKOFF_FIRST_US = 10_000_000
export const BACKOFF_MAX_US = 300_000_000
/** A container that ran this long after its back-off starts anew. */
const BACKOFF_FORGET_US = 600_000_000

export type ContainerKind = 'init' | 'sidecar' | 'main' | 'ephemeral'

/** Exponential waiting between tries: 10 s, 20 s, … 5 min; the first repetition comes at once. */
export class Backoff {
  #delayUs = 0

  get delayUs(): number {
    return this.#delayUs
  }

  /** µs still to wait when the last failure was `sinceUs` ago; 0 counts as a try and doubles the next wait. */
  next(sinceUs: number): number {
    if (this.#delayUs > 0 && sinceUs > BACKOFF_FORGET_US) this.#delayUs = 0
    if (sinceUs < this.#delayUs) return this.#delayUs - sinceUs
    this.#delayUs = this.#delayUs === 0 ? BACKOFF_FIRST_US : Math.min(BACKOFF_MAX_US, this.#delayUs * 2)
    return 0
  }

  reset(): void {
    this.#delayUs = 0
  }
}

export class ContainerRecord {
  spec: ContainerSpec
  readonly kind: ContainerKind
  current: Container | null = null
  /** The one before `current`: `logs --previous`, lastState. */
  previous: Container | null = null
  /** Last state from before this kubelet or machine started. */
  inherited: ContainerState | null = null
  restarts = 0
  attempts = 0
  /** Why it waits when it does not run. */
  waiting: { reason: string; message: string } = { reason: 'ContainerCreating', message: '' }
  readonly crash = new Backoff()
  readonly image = new Backoff()
  imageFailedUs = 0
  /** Nothing is tried before this time, however often the pod is looked at. */
  holdUntilUs = 0
  imageId = ''
  ready = false
  started = false
  /** Set while the kubelet itself ends it (failed probe, failed hook), so that the end counts as a crash to restart. */
  killing = false
  probes: ProbeWorker[] = []

  constructor(spec: ContainerSpec, kind: ContainerKind) {
    this.spec = spec
    this.kind = kind
  }

  get running(): boolean {
    return this.current?.state === 'running'
  }

  get exited(): boolean {
    return this.current?.state === 'exited'
  }

  get succeeded(): boolean {
    return this.exited && this.current?.exitCode === 0
  }

  /** Ready only counts while it runs. */
  get isReady(): boolean {
    return this.running && this.ready
  }

  stopProbes(): void {
    for (const probe of this.probes) probe.stop()
    this.probes = []
  }
}

export function terminatedState(container: Container, epochMs: number): ContainerState {
  const iso = (us: number): string => formatTime(epochMs + Math.floor(us / 1000))
  const reason = container.startError !== '' ? 'StartError' : container.exitCode === 0 ? 'Completed' : 'Error'
  const message = container.startError !== '' ? container.startError : terminationMessage(container)
  return {
    terminated: {
      exitCode: container.exitCode,
      ...(container.exitSignal > 0 && container.exitCode === 0 ? { signal: container.exitSignal } : {}),
      reason,
      ...(message === '' ? {} : { message }),
      startedAt: container.startError !== '' ? '1970-01-01T00:00:00Z' : iso(container.startedUs),
      finishedAt: iso(container.finishedUs),
      containerID: `containerd://${container.id}`,
    },
  }
}

/** /dev/termination-log, of at most 4096 bytes. */
function terminationMessage(container: Container): string {
  const fs = container.context.fs
  if (!fs.exists('/dev/termination-log')) return ''
  return fs.read('/dev/termination-log').slice(0, 4096)
}
