/** The kubelet as its pod workers see it. */
import type { ApiClient } from '../../api/client/api-client.ts'
import type { EventRecorder } from '../../api/client/event-recorder.ts'
import type { Pod, PodStatus } from '../../api/types/index.ts'
import type { Machine } from '../../linux/machine.ts'
import type { Process } from '../../linux/process.ts'
import type { Clock } from '../../sim/clock.ts'
import type { ContainerRuntime } from '../cri/container-runtime.ts'
import type { DnsSettings } from './pod-files.ts'
import type { PodWorker } from './pod-worker.ts'

export interface WorkerHost {
  readonly clock: Clock
  readonly epochMs: number
  readonly machine: Machine
  readonly nodeName: string
  readonly client: ApiClient
  readonly runtime: ContainerRuntime
  readonly events: EventRecorder
  /** The kubelet's own process: probes and hooks connect from here. */
  readonly process: Process
  readonly nodeIps: readonly string[]
  readonly allocatable: ReadonlyMap<string, string>
  readonly dns: DnsSettings
  /** The node's /etc/hosts. */
  readonly hostsFile: string
  /** What is wrong with the node's network, in the kubelet's words. */
  readonly networkNotReady: string
  nowIso(): string
  /** Services of the assembly that programs in containers get. */
  handles(pod: Pod): Map<string, unknown>
  /** False when the API server did not take it now. */
  publish(pod: Pod, status: PodStatus): boolean
  /** All containers have ended and the sandbox is gone. */
  finished(worker: PodWorker): void
}
