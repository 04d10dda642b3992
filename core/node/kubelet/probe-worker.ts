/**
 * One probe of one running container: waits, asks, counts, and says when the outcome changes.
 * Truth: pkg/kubelet/prober (worker.go, prober.go), docs "Configure Liveness, Readiness and Startup Probes".
 *
 * A container that has never been ready keeps the world busy for a while (its next probe is foreground work), so that a world
 * which waits until it has settled waits for it; later probes come in the background.
 *
 * Omits: random delay of the first probe; it comes half a second after the start instead.
 */
import type { Container as ContainerSpec, Probe } from '../../api/types/index.ts'
import type { Process } from '../../linux/process.ts'
import { type Wait, sleepWait, workWait } from '../../linux/wait.ts'
import type { Container } from '../cri/container.ts'
import { runHandler } from './handlers.ts'

export type ProbeKind = 'Startup' | 'Readiness' | 'Liveness'

/** Failed tries after which nobody waits for readiness any more. */
const FOREGROUND_TRIES_MAX = 12
/** A program that has just been started listens soon, not at once. */
const FIRST_PROBE_US = 500_000

export interface ProbeListener {
  /** May this probe run now? Readiness and liveness wait for the startup probe. */
  held(): boolean
  /** The outcome as the thresholds see it has changed. */
  onResult(kind: ProbeKind, ok: boolean, output: string): void
  /** One try failed. */
  onFailure(kind: ProbeKind, output: string): void
}

export class ProbeWorker {
  readonly kind: ProbeKind
  readonly #thread: Process

  constructor(kind: ProbeKind, probe: Probe, kubelet: Process, container: Container, spec: ContainerSpec, podIp: string, listener: ProbeListener) {
    this.kind = kind
    this.#thread = kubelet.thread((thread) => watch(kind, probe, thread, container, spec, podIp, listener))
  }

  stop(): void {
    this.#thread.terminate(0, '')
  }
}

function* watch(
  kind: ProbeKind, probe: Probe, thread: Process, container: Container, spec: ContainerSpec, podIp: string, listener: ProbeListener,
): Generator<Wait, void, unknown> {
  const clock = thread.world.clock
  const periodUs = (probe.periodSeconds ?? 10) * 1_000_000
  const successThreshold = probe.successThreshold ?? 1
  const failureThreshold = probe.failureThreshold ?? 3
  const timeoutUs = (probe.timeoutSeconds ?? 1) * 1_000_000
  let tries = 0
  /** Until it is known: a liveness probe begins as a success, the others as failures. */
  let outcome = kind === 'Liveness'
  let run = 0
  let last: boolean | null = null
  const pause = (us: number): Wait => {
    const urgent = kind !== 'Liveness' && !outcome && tries < FOREGROUND_TRIES_MAX
    return urgent ? workWait(clock, us) : sleepWait(clock, us)
  }
  const startedUs = container.startedUs
  const initialUs = Math.max(FIRST_PROBE_US, (probe.initialDelaySeconds ?? 0) * 1_000_000)
  if (startedUs + initialUs > clock.nowUs) yield pause(startedUs + initialUs - clock.nowUs)
  while (container.state === 'running') {
    if (listener.held()) {
      yield pause(periodUs)
      continue
    }
    const beganUs = clock.nowUs
    const result = yield* runHandler(probe, { kubelet: thread, container, spec, podIp, timeoutUs }, 'kube-probe/1.36')
    if (container.state !== 'running') return
    tries += 1
    run = result.ok === last ? run + 1 : 1
    last = result.ok
    if (!result.ok) listener.onFailure(kind, result.output)
    if (run >= (result.ok ? successThreshold : failureThreshold)) {
      const changed = outcome !== result.ok
      outcome = result.ok
      if (!result.ok && kind !== 'Readiness') {
        // The container ends by this; its successor gets probes of its own.
        listener.onResult(kind, false, result.output)
        return
      }
      if (changed) listener.onResult(kind, result.ok, result.output)
    }
    if (kind === 'Startup' && outcome) return
    yield pause(Math.max(0, periodUs - (clock.nowUs - beganUs)))
  }
}
