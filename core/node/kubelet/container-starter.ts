/**
 * Brings one container up: image, environment, mounts, creation, start, postStart, probes; and waits when it has crashed or its
 * image cannot be had. Truth: kuberuntime_container.go startContainer, images/image_manager.go.
 */
import type { Service } from '../../api/types/index.ts'
import { isStatusError } from '../../api/meta/status.ts'
import { type Wait, workWait } from '../../linux/wait.ts'
import { DEFAULT_PATH } from '../../linux/find-executable.ts'
import type { Container, Mount } from '../cri/container.ts'
import type { StoredImage } from '../cri/image-store.ts'
import { parseImageRef } from '../cri/image-ref.ts'
import type { ContainerRecord } from './container-record.ts'
import { SERVICE_ACCOUNT_DIR } from './pod-volumes.ts'
import { runHandler } from './handlers.ts'
import { EnvError, containerEnv, expandVariables } from './pod-env.ts'
import { podObjects } from './pod-objects.ts'
import { type PodWorker, fieldPath } from './pod-worker.ts'
import { ProbeWorker } from './probe-worker.ts'
import type { WorkerHost } from './worker-host.ts'

/** How long a check with the registry takes when the image is there already. */
const RECHECK_US = 60_000
const CONFIG_RETRY_US = 10_000_000

export class ContainerStarter {
  readonly #host: WorkerHost
  readonly #worker: PodWorker

  constructor(host: WorkerHost, worker: PodWorker) {
    this.#host = host
    this.#worker = worker
  }

  *startOrWait(record: ContainerRecord): Generator<Wait, void, unknown> {
    const { clock, events } = this.#host
    const pod = this.#worker.pod
    const name = record.spec.name
    if (clock.nowUs < record.holdUntilUs) return
    if (record.exited && record.current) {
      const waitUs = record.crash.next(clock.nowUs - record.current.finishedUs)
      if (waitUs > 0) {
        const id = `${pod.metadata.name}_${pod.metadata.namespace}(${pod.metadata.uid})`
        record.waiting = {
          reason: 'CrashLoopBackOff',
          message: `back-off ${goDuration(record.crash.delayUs)} restarting failed container=${name} pod=${id}`,
        }
        events.event(pod, 'Warning', 'BackOff', `Back-off restarting failed container ${name} in pod ${id}`, fieldPath(record))
        this.#hold(record, waitUs)
        return
      }
    }
    const image = yield* this.#image(record)
    if (!image || this.#worker.terminating) return
    yield* this.#start(record, image)
  }

  #hold(record: ContainerRecord, us: number): void {
    record.holdUntilUs = this.#host.clock.nowUs + us
    this.#worker.pokeAfter(us, true)
  }

  // --- Image -------------------------------------------------------------------------------------------------------------

  *#image(record: ContainerRecord): Generator<Wait, StoredImage | null, unknown> {
    const { clock, events, runtime } = this.#host
    const { pod } = this.#worker
    const text = record.spec.image ?? ''
    const path = fieldPath(record)
    if (!parseImageRef(text)) {
      const message = `Failed to apply default image tag "${text}": couldn't parse image name "${text}": invalid reference format`
      record.waiting = { reason: 'InvalidImageName', message }
      this.#hold(record, CONFIG_RETRY_US)
      events.event(pod, 'Warning', 'InspectFailed', message, path)
      events.event(pod, 'Warning', 'Failed', 'Error: InvalidImageName', path)
      return null
    }
    const policy = record.spec.imagePullPolicy ?? 'IfNotPresent'
    const present = runtime.images.get(text)
    if (present && policy !== 'Always') {
      events.event(pod, 'Normal', 'Pulled', `Container image "${text}" already present on machine`, path)
      return present
    }
    if (policy === 'Never') {
      record.waiting = { reason: 'ErrImageNeverPull', message: `Container image "${text}" is not present with pull policy of Never` }
      this.#hold(record, CONFIG_RETRY_US)
      events.event(pod, 'Warning', 'ErrImageNeverPull', record.waiting.message, path)
      events.event(pod, 'Warning', 'Failed', 'Error: ErrImageNeverPull', path)
      return null
    }
    if (record.imageFailedUs > 0) {
      const waitUs = record.image.next(clock.nowUs - record.imageFailedUs)
      if (waitUs > 0) {
        const why = record.waiting.reason === 'ErrImagePull' ? record.waiting.message : ''
        record.waiting = { reason: 'ImagePullBackOff', message: `Back-off pulling image "${text}"${why === '' ? '' : `: ErrImagePull: ${why}`}` }
        events.event(pod, 'Normal', 'BackOff', `Back-off pulling image "${text}"`, path)
        events.event(pod, 'Warning', 'Failed', 'Error: ImagePullBackOff', path)
        this.#hold(record, waitUs)
        return null
      }
    }
    events.event(pod, 'Normal', 'Pulling', `Pulling image "${text}"`, path)
    const tookUs = present ? RECHECK_US : runtime.images.pullUs(text)
    yield workWait(clock, tookUs)
    const pulled = runtime.images.pull(text)
    if (typeof pulled === 'string') {
      record.imageFailedUs = clock.nowUs
      // The first wait begins now, not at the second failure.
      if (record.image.delayUs === 0) record.image.next(0)
      record.waiting = { reason: 'ErrImagePull', message: pulled }
      events.event(pod, 'Warning', 'Failed', `Failed to pull image "${text}": ${pulled}`, path)
      events.event(pod, 'Warning', 'Failed', 'Error: ErrImagePull', path)
      this.#worker.publish()
      this.#hold(record, 1_000_000)
      return null
    }
    record.imageFailedUs = 0
    record.image.reset()
    const standIn = pulled.image.standIn ? ' It is not simulated: a stand-in runs in its place.' : ''
    const took = `${Math.floor(tookUs / 1000)}ms`
    events.event(pod, 'Normal', 'Pulled', `Successfully pulled image "${text}" in ${took} (${took} including waiting). Image size: ${pulled.image.sizeBytes} bytes.${standIn}`, path)
    return pulled
  }

  // --- Creation ----------------------------------------------------------------------------------------------------------

  *#start(record: ContainerRecord, image: StoredImage): Generator<Wait, void, unknown> {
    const { events, runtime } = this.#host
    const worker = this.#worker
    const path = fieldPath(record)
    const container = this.#create(record, image)
    if (typeof container === 'string') {
      record.waiting = { reason: 'CreateContainerConfigError', message: container }
      events.event(worker.pod, 'Warning', 'Failed', `Error: ${container}`, path)
      this.#hold(record, CONFIG_RETRY_US)
      return
    }
    if (record.current) {
      record.previous = record.current
      record.restarts += 1
    }
    record.attempts += 1
    record.current = container
    record.imageId = `${image.ref.repository}@${image.id}`
    record.waiting = { reason: 'ContainerCreating', message: '' }
    record.killing = false
    events.event(worker.pod, 'Normal', 'Created', `Created container: ${record.spec.name}`, path)
    yield* runtime.startContainer(container, () => this.#exited(record, container))
    if (container.startError !== '') {
      record.waiting = { reason: 'RunContainerError', message: container.startError }
      events.event(worker.pod, 'Warning', 'Failed', `Error: ${container.startError}`, path)
      worker.publish()
      record.waiting = { reason: '', message: '' }
      return
    }
    events.event(worker.pod, 'Normal', 'Started', `Started container ${record.spec.name}`, path)
    yield* this.#postStart(record, container)
    if (container.state === 'running') this.#probe(record, container)
  }

  /** A text is why it cannot be made. */
  #create(record: ContainerRecord, image: StoredImage): Container | string {
    const { client, allocatable, runtime, machine } = this.#host
    const worker = this.#worker
    const { spec } = record
    // Its own address is in the pod's status only after the sandbox: the downward API must see it now.
    const pod = { ...worker.pod, status: { ...worker.pod.status, ...worker.status() } }
    const namespace = pod.metadata.namespace ?? 'default'
    try {
      const services = this.#services(namespace, pod.spec.enableServiceLinks !== false)
      const env = containerEnv(pod, spec, { services, objects: podObjects(client), allocatable })
      if (env instanceof EnvError) return env.message
      const ports = (spec.ports ?? []).map((p) => ({ name: p.name ?? '', containerPort: p.containerPort, protocol: p.protocol ?? 'TCP' }))
      const expand = (text: string): string => expandVariables(text, (name) => env.get(name))
      const command = (spec.command ?? []).map(expand)
      const args = (spec.args ?? []).map(expand)
      const build = image.image.build({
        image: spec.image ?? '', namespace, pod: pod.metadata.name, container: spec.name, command, args, cwd: spec.workingDir ?? '', ports, env,
      })
      const mounts = this.#mounts(record, env)
      if (typeof mounts === 'string') return mounts
      const hostname = worker.sandbox?.hostname ?? machine.hostname
      const full = new Map([['PATH', DEFAULT_PATH], ['HOSTNAME', hostname], ...(build.env ?? []), ...env, ['HOME', env.get('HOME') ?? '/root']])
      if (spec.tty) full.set('TERM', 'xterm')
      const container = runtime.createContainer(worker.sandbox as NonNullable<typeof worker.sandbox>, {
        name: spec.name, attempt: record.attempts, image: image.ref.full, imageId: image.id, build, command, args, env: full,
        cwd: spec.workingDir || build.cwd || '/', mounts, handles: this.#host.handles(pod), stdin: spec.stdin === true, tty: spec.tty === true,
      })
      if (build.notice) container.log.write('stderr', `${build.notice}\n`)
      return container
    } catch (error) {
      if (!isStatusError(error)) throw error
      return error.message
    }
  }

  /** Without the API server there are none: its own static pod starts without these variables. */
  #services(namespace: string, links: boolean): Service[] {
    const { client } = this.#host
    try {
      const own = links ? client.list<Service>('services', { namespace }).items : []
      const api = client.find<Service>('services', 'default', 'kubernetes')
      return api && !own.includes(api) ? [...own, api] : own
    } catch (error) {
      if (!isStatusError(error)) throw error
      return []
    }
  }

  #mounts(record: ContainerRecord, env: ReadonlyMap<string, string>): Mount[] | string {
    const mounts: Mount[] = []
    for (const mount of record.spec.volumeMounts ?? []) {
      const fs = this.#worker.volumes.mount(mount, env)
      if (typeof fs === 'string') return fs
      mounts.push({ path: mount.mountPath, fs, readOnly: mount.readOnly === true })
    }
    const account = mounts.some(({ path }) => path === SERVICE_ACCOUNT_DIR) ? null : this.#worker.volumes.serviceAccount(this.#worker.pod)
    if (account) mounts.push({ path: SERVICE_ACCOUNT_DIR, fs: account, readOnly: true })
    return mounts
  }

  // --- Life --------------------------------------------------------------------------------------------------------------

  *#postStart(record: ContainerRecord, container: Container): Generator<Wait, void, unknown> {
    const hook = record.spec.lifecycle?.postStart
    if (!hook || container.state !== 'running') return
    const { events, process } = this.#host
    const target = { kubelet: process, container, spec: record.spec, podIp: this.#worker.podIps[0] ?? '', timeoutUs: 30_000_000 }
    const result = yield* runHandler(hook, target, 'kube-lifecycle/1.36')
    if (result.ok) return
    events.event(this.#worker.pod, 'Warning', 'FailedPostStartHook', `PostStartHook failed: ${result.output}`, fieldPath(record))
    events.event(this.#worker.pod, 'Normal', 'Killing', 'FailedPostStartHook', fieldPath(record))
    yield* this.#host.runtime.stopContainer(container, 2_000_000)
  }

  #probe(record: ContainerRecord, container: Container): void {
    const { spec } = record
    const worker = this.#worker
    record.started = spec.startupProbe === undefined
    record.ready = record.started && spec.readinessProbe === undefined
    const listener = {
      held: () => false,
      onResult: (kind: 'Startup' | 'Readiness' | 'Liveness', ok: boolean) => this.#probed(record, container, kind, ok),
      onFailure: (kind: 'Startup' | 'Readiness' | 'Liveness', output: string) => {
        this.#host.events.event(worker.pod, 'Warning', 'Unhealthy', `${kind} probe failed: ${output}`, fieldPath(record))
      },
    }
    const ip = worker.podIps[0] ?? ''
    const start = (kind: 'Startup' | 'Readiness' | 'Liveness', probe: NonNullable<typeof spec.startupProbe> | undefined, held: () => boolean): void => {
      if (probe) record.probes.push(new ProbeWorker(kind, probe, this.#host.process, container, spec, ip, { ...listener, held }))
    }
    start('Startup', spec.startupProbe, () => false)
    start('Readiness', spec.readinessProbe, () => !record.started)
    if (record.kind !== 'init') start('Liveness', spec.livenessProbe, () => !record.started)
  }

  #probed(record: ContainerRecord, container: Container, kind: 'Startup' | 'Readiness' | 'Liveness', ok: boolean): void {
    const worker = this.#worker
    if (record.current !== container || container.state !== 'running') return
    if (kind === 'Readiness') record.ready = ok
    else if (kind === 'Startup' && ok) {
      record.started = true
      if (record.spec.readinessProbe === undefined) record.ready = true
    } else if (!ok && !record.killing && !worker.terminating) {
      record.killing = true
      this.#host.events.event(
        worker.pod, 'Normal', 'Killing', `Container ${record.spec.name} failed ${kind.toLowerCase()} probe, will be restarted`, fieldPath(record),
      )
      const probe = kind === 'Startup' ? record.spec.startupProbe : record.spec.livenessProbe
      const grace = probe?.terminationGracePeriodSeconds ?? worker.pod.spec.terminationGracePeriodSeconds ?? 30
      worker.beside(worker.stopOne(record, grace * 1_000_000))
    }
    worker.poke()
  }

  #exited(record: ContainerRecord, container: Container): void {
    if (record.current !== container) return
    record.stopProbes()
    record.ready = false
    record.started = false
    record.waiting = { reason: '', message: '' }
    this.#worker.poke()
  }
}

/** time.Duration's text for whole seconds: `10s`, `2m40s`, `5m0s`. */
function goDuration(us: number): string {
  const seconds = Math.floor(us / 1_000_000)
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`
}
