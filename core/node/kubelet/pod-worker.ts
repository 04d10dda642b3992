/**
 * One pod on one node, from its sandbox to its end: a loop that compares what the pod asks for with what runs, and does the
 * next thing. Truth: pkg/kubelet/kuberuntime (computePodActions, SyncPod), pkg/kubelet/pod_workers.go; events in their words.
 *
 * Omits: evictions, resource admission (the scheduler has judged), in-place resize, termination message policy.
 */
import type { Container as ContainerSpec, Pod, PodCondition, PodStatus } from '../../api/types/index.ts'
import type { Timer } from '../../sim/clock.ts'
import { type Wait, WaitQueue } from '../../linux/wait.ts'
import type { Sandbox } from '../cri/sandbox.ts'
import { Task } from '../task.ts'
import { type ContainerKind, ContainerRecord } from './container-record.ts'
import { ContainerStarter } from './container-starter.ts'
import { runHandler } from './handlers.ts'
import { hostsFile, podHostname, resolvConf } from './pod-files.ts'
import { podStatus } from './pod-status.ts'
import { PodVolumes } from './pod-volumes.ts'
import type { WorkerHost } from './worker-host.ts'

const IP_ANNOTATION = 'vethlab.dev/ip'
/** Retries of what should soon work (network coming up): in the foreground at first, then in the background. */
const RETRY_FIRST_US = 500_000
const RETRY_MAX_US = 16_000_000
const FOREGROUND_RETRIES_MAX = 6
const RECONCILE_US = 2_000_000

export class PodWorker {
  pod: Pod
  readonly init: ContainerRecord[] = []
  readonly main: ContainerRecord[] = []
  readonly ephemeral: ContainerRecord[] = []
  readonly volumes: PodVolumes
  sandbox: Sandbox | null = null
  /** The kubelet itself gave the pod up (deadline). */
  failed: { reason: string; message: string } | null = null
  readonly #host: WorkerHost
  readonly #starter: ContainerStarter
  readonly #changed = new WaitQueue()
  readonly #task: Task
  readonly #timers = new Set<Timer>()
  readonly #side = new Set<Task>()
  readonly #startUs: number
  #dirty = true
  #retries = 0
  #graceUs: number | null = null
  #lastStatus = ''
  #said: PodCondition[] = []

  constructor(host: WorkerHost, pod: Pod) {
    this.#host = host
    this.pod = pod
    this.#startUs = host.clock.nowUs
    this.volumes = new PodVolumes(host.machine, host.client, host.allocatable)
    this.#starter = new ContainerStarter(host, this)
    this.#takeSpec()
    this.#inherit()
    this.#task = new Task(host.clock, this.#run())
  }

  get key(): string {
    return `${this.pod.metadata.namespace}/${this.pod.metadata.name}`
  }

  get records(): ContainerRecord[] {
    return [...this.init, ...this.main, ...this.ephemeral]
  }

  get terminating(): boolean {
    return this.#graceUs !== null
  }

  get podIps(): readonly string[] {
    if (this.pod.spec.hostNetwork) return this.#host.nodeIps
    return this.sandbox?.ips ?? (this.pod.status?.podIPs ?? []).map((p) => p.ip)
  }

  update(pod: Pod): void {
    this.pod = pod
    this.#takeSpec()
    if (this.#contradicted()) this.#lookAgain()
    this.poke()
  }

  /** What the API shows of a static pod: its mirror's status. A new mirror knows nothing yet. */
  mirrored(status: PodStatus): void {
    this.pod = { ...this.pod, status }
    if (this.#contradicted()) this.#lookAgain()
  }

  /** Somebody else (the node controller) said that the pod is not ready, or our word was lost. */
  #contradicted(): boolean {
    const status = (list: readonly PodCondition[] | undefined): string | undefined => list?.find((c) => c.type === 'Ready')?.status
    return this.#said.length > 0 && status(this.pod.status?.conditions) !== status(this.#said)
  }

  /** What the informer shows may be older than what was said last: only what still differs after a while is said again. */
  #lookAgain(): void {
    this.#later(RECONCILE_US, true, () => {
      if (!this.#contradicted()) return
      this.#lastStatus = ''
      this.poke()
    })
  }

  /** Something has changed: look again. */
  poke(): void {
    this.#dirty = true
    this.#changed.wake()
  }

  /** Ends the pod: asks its containers to stop, kills what is left after the grace period. */
  terminate(graceUs: number): void {
    if (this.#graceUs === null || graceUs < this.#graceUs) this.#graceUs = graceUs
    this.poke()
  }

  /** The kubelet itself stops: containers go on, nobody looks after them. */
  abandon(): void {
    this.#task.cancel()
    for (const task of this.#side) task.cancel()
    for (const timer of this.#timers) this.#host.clock.cancel(timer)
    for (const record of this.records) record.stopProbes()
  }

  /** Looks again after a while. */
  pokeAfter(delayUs: number, background: boolean): void {
    this.#later(delayUs, background, () => this.poke())
  }

  #later(delayUs: number, background: boolean, what: () => void): void {
    const { clock } = this.#host
    const run = (): void => {
      this.#timers.delete(timer)
      what()
    }
    const timer: Timer = background ? clock.afterInBackground(delayUs, run) : clock.after(delayUs, run)
    this.#timers.add(timer)
  }

  /** A thing done beside the loop: killing a container, a hook. */
  beside(body: Generator<Wait, void, unknown>): void {
    const task = new Task(this.#host.clock, body)
    this.#side.add(task)
    for (const old of this.#side) if (old.done) this.#side.delete(old)
  }

  status(): PodStatus {
    const { clock, epochMs, nodeIps } = this.#host
    return podStatus({
      pod: this.pod, init: this.init, main: this.main, ephemeral: this.ephemeral, sandboxReady: this.sandbox?.ready ?? false,
      podIps: this.podIps, hostIps: nodeIps, startUs: this.#startUs, nowUs: clock.nowUs, epochMs, failed: this.failed,
      known: [...(this.pod.status?.conditions ?? []), ...this.#said],
    })
  }

  publish(): void {
    const status = this.status()
    const text = JSON.stringify(status)
    if (text === this.#lastStatus) return
    this.#said = status.conditions ?? []
    if (this.#host.publish(this.pod, status)) this.#lastStatus = text
    else this.pokeAfter(RETRY_FIRST_US, true)
  }

  // --- The loop ----------------------------------------------------------------------------------------------------------

  *#run(): Generator<Wait, void, unknown> {
    const deadline = this.pod.spec.activeDeadlineSeconds
    if (deadline !== undefined) this.pokeAfter(deadline * 1_000_000, true)
    this.publish()
    for (;;) {
      this.#dirty = false
      if (this.terminating) {
        yield* this.#end()
        return
      }
      yield* this.#sync()
      if (this.terminating) continue
      this.publish()
      while (!this.#dirty) yield this.#changed.wait
    }
  }

  *#sync(): Generator<Wait, void, unknown> {
    const { clock } = this.#host
    const { spec } = this.pod
    if (spec.activeDeadlineSeconds !== undefined && !this.failed && clock.nowUs - this.#startUs >= spec.activeDeadlineSeconds * 1_000_000) {
      if (!this.#over()) {
        this.failed = { reason: 'DeadlineExceeded', message: 'Pod was active on the node longer than the specified deadline' }
        this.#host.events.event(this.pod, 'Normal', 'DeadlineExceeded', this.failed.message)
        yield* this.#stopContainers(this.#specGraceUs())
      }
    }
    if (this.#over()) {
      if (this.sandbox && !this.sandbox.stopped) yield* this.#host.runtime.stopSandbox(this.sandbox)
      return
    }
    if (!(yield* this.#prepare())) return
    for (const record of this.init) {
      if (this.terminating) return
      if (record.kind === 'init') {
        if (record.succeeded) continue
        if (!record.running && this.#mayRun(record)) yield* this.#starter.startOrWait(record)
        return
      }
      if (!record.running) yield* this.#starter.startOrWait(record)
      if (!record.started) return
    }
    for (const record of [...this.main, ...this.ephemeral]) {
      if (this.terminating) return
      if (!record.running && this.#mayRun(record)) yield* this.#starter.startOrWait(record)
    }
  }

  /** Volumes and sandbox. False when they have to wait. */
  *#prepare(): Generator<Wait, boolean, unknown> {
    const { events, runtime } = this.#host
    if (!this.pod.spec.hostNetwork && !runtime.networkReady && !this.sandbox) {
      events.event(this.pod, 'Warning', 'NetworkNotReady', `network is not ready: ${this.#host.networkNotReady}`)
      return false
    }
    const unmounted = this.volumes.setUp(this.pod)
    if (unmounted !== null) {
      events.event(this.pod, 'Warning', 'FailedMount', unmounted)
      this.#retry(true)
      return false
    }
    if (this.sandbox?.ready) return true
    if (this.sandbox) {
      events.event(this.pod, 'Normal', 'SandboxChanged', 'Pod sandbox changed, it will be killed and re-created.')
      yield* this.#stopContainers(0)
      yield* runtime.stopSandbox(this.sandbox)
      this.sandbox = null
    }
    const made = yield* runtime.runSandbox(this.#sandboxConfig(), () => this.poke())
    if (typeof made === 'string') {
      events.event(this.pod, 'Warning', 'FailedCreatePodSandBox', `Failed to create pod sandbox: ${made}`)
      this.#retry(false)
      return false
    }
    this.#retries = 0
    this.sandbox = made
    made.hosts = hostsFile(this.pod, this.podIps, this.#host.dns.clusterDomain, this.#host.hostsFile)
    return true
  }

  #sandboxConfig() {
    const { metadata, spec } = this.pod
    return {
      namespace: metadata.namespace ?? 'default',
      name: metadata.name,
      uid: metadata.uid ?? '',
      hostname: spec.hostNetwork ? this.#host.machine.hostname : podHostname(this.pod),
      hostNetwork: spec.hostNetwork === true,
      resolvConf: resolvConf(this.pod, this.#host.dns),
      hosts: '',
      ip: metadata.annotations?.[IP_ANNOTATION] ?? '',
      portMappings: [...(spec.initContainers ?? []), ...spec.containers].flatMap((c) => c.ports ?? [])
        .filter((p) => p.hostPort !== undefined && p.hostPort !== 0)
        .map((p) => ({ hostPort: p.hostPort as number, containerPort: p.containerPort, protocol: (p.protocol ?? 'TCP').toLowerCase(), hostIP: p.hostIP ?? '' })),
      sysctls: spec.securityContext?.sysctls ?? [],
    }
  }

  #retry(background: boolean): void {
    const delayUs = Math.min(RETRY_MAX_US, RETRY_FIRST_US * 2 ** Math.min(this.#retries, 10))
    this.#retries += 1
    this.pokeAfter(delayUs, background || this.#retries > FOREGROUND_RETRIES_MAX)
  }

  #mayRun(record: ContainerRecord): boolean {
    if (!record.exited) return true
    if (record.kind === 'ephemeral') return false
    const policy = this.pod.spec.restartPolicy ?? 'Always'
    if (policy === 'Never') return false
    return policy === 'Always' && record.kind !== 'init' ? true : record.current?.exitCode !== 0
  }

  /** Nothing will ever run again. */
  #over(): boolean {
    const phase = this.status().phase
    return phase === 'Succeeded' || phase === 'Failed'
  }

  // --- The end -----------------------------------------------------------------------------------------------------------

  *#end(): Generator<Wait, void, unknown> {
    for (const record of this.records) for (const probe of record.probes) if (probe.kind !== 'Readiness') probe.stop()
    yield* this.#stopContainers(this.#graceUs as number)
    this.publish()
    if (this.sandbox) {
      const failed = yield* this.#host.runtime.stopSandbox(this.sandbox)
      if (failed !== null) this.#host.events.event(this.pod, 'Warning', 'FailedKillPod', `error killing pod: ${failed}`)
    }
    for (const timer of this.#timers) this.#host.clock.cancel(timer)
    this.#host.finished(this)
  }

  #specGraceUs(): number {
    return (this.pod.spec.terminationGracePeriodSeconds ?? 30) * 1_000_000
  }

  /** Sidecars outlive the containers that they serve. */
  *#stopContainers(graceUs: number): Generator<Wait, void, unknown> {
    const until = this.#host.clock.nowUs + graceUs
    const sidecars = this.init.filter((r) => r.kind === 'sidecar' && r.running)
    const others = this.records.filter((r) => r.kind !== 'sidecar' && r.running)
    for (const group of [others, sidecars]) {
      const tasks = group.map((record) => {
        this.#host.events.event(this.pod, 'Normal', 'Killing', `Stopping container ${record.spec.name}`, fieldPath(record))
        return this.stopOne(record, Math.max(0, until - this.#host.clock.nowUs))
      })
      let left = tasks.length
      for (const body of tasks) {
        const changed = this.#changed
        this.beside((function* (): Generator<Wait, void, unknown> {
          yield* body
          left -= 1
          changed.wake()
        })())
      }
      while (left > 0) yield this.#changed.wait
    }
  }

  /** preStop, then the stop signal, then the end of patience. */
  *stopOne(record: ContainerRecord, graceUs: number): Generator<Wait, void, unknown> {
    const container = record.current
    if (container?.state !== 'running') return
    const { clock, events, process } = this.#host
    const hook = record.spec.lifecycle?.preStop
    const until = clock.nowUs + graceUs
    if (hook && graceUs > 0) {
      const target = { kubelet: process, container, spec: record.spec, podIp: this.podIps[0] ?? '', timeoutUs: graceUs }
      const result = yield* runHandler(hook.sleep ? { sleep: { seconds: Math.min(hook.sleep.seconds, Math.ceil(graceUs / 1e6)) } } : hook, target, 'kube-lifecycle/1.36')
      if (!result.ok) events.event(this.pod, 'Warning', 'FailedPreStopHook', `PreStopHook failed: ${result.output}`, fieldPath(record))
    }
    // The smallest grace that the kubelet gives after a hook has used it up.
    yield* this.#host.runtime.stopContainer(container, graceUs === 0 ? 0 : Math.max(2_000_000, until - clock.nowUs))
  }

  // --- Records -----------------------------------------------------------------------------------------------------------

  #takeSpec(): void {
    const { spec } = this.pod
    const take = (records: ContainerRecord[], specs: readonly ContainerSpec[], kind: (c: ContainerSpec) => ContainerKind): void => {
      for (const one of specs) {
        const old = records.find((r) => r.spec.name === one.name)
        if (!old) records.push(new ContainerRecord(one, kind(one)))
        // An image may be changed in place: the running container is replaced.
        else if (old.spec.image !== one.image && old.running) {
          old.spec = one
          this.#host.events.event(this.pod, 'Normal', 'Killing', `Container ${one.name} definition changed, will be restarted`, fieldPath(old))
          this.beside(this.stopOne(old, this.#specGraceUs()))
        } else old.spec = one
      }
    }
    take(this.init, spec.initContainers ?? [], (c) => (c.restartPolicy === 'Always' ? 'sidecar' : 'init'))
    take(this.main, spec.containers, () => 'main')
    take(this.ephemeral, spec.ephemeralContainers ?? [], () => 'ephemeral')
  }

  /** What the API remembers of containers that ran before this kubelet did. */
  #inherit(): void {
    const known = [...(this.pod.status?.initContainerStatuses ?? []), ...(this.pod.status?.containerStatuses ?? [])]
    for (const record of this.records) {
      const before = known.find((s) => s.name === record.spec.name)
      if (!before?.containerID) continue
      const startedAt = before.state?.running?.startedAt
      record.restarts = before.restartCount + 1
      record.attempts = record.restarts
      record.inherited = before.state?.terminated
        ? { terminated: before.state.terminated }
        : { terminated: { exitCode: 255, reason: 'Unknown', ...(startedAt ? { startedAt } : {}), finishedAt: this.#host.nowIso(), containerID: before.containerID } }
    }
  }
}

/** `spec.containers{web}`, as events name a container. */
export function fieldPath(record: ContainerRecord): string {
  const list = record.kind === 'main' ? 'containers' : record.kind === 'ephemeral' ? 'ephemeralContainers' : 'initContainers'
  return `spec.${list}{${record.spec.name}}`
}
