/**
 * The node agent: registers its machine as a Node, runs the pods that are bound to it, reports, and serves exec and logs.
 * Truth: pkg/kubelet. It watches; nothing polls, except the lease (10 s) and a minute's look at projected volumes, both in the
 * background.
 *
 * Omits: evictions, device and topology managers, certificates, garbage collection, node shutdown, kubelet configuration files.
 */
import type { ApiClient } from '../../api/client/api-client.ts'
import { EventRecorder } from '../../api/client/event-recorder.ts'
import { Informer } from '../../api/client/informer.ts'
import { hasReason, isStatusError } from '../../api/meta/status.ts'
import type { ApiServer } from '../../api/server/api-server.ts'
import type { KubeletEndpoint } from '../../api/server/kubelet-endpoint.ts'
import type { Pod, PodStatus, Taint } from '../../api/types/index.ts'
import { isErrno } from '../../base/errno.ts'
import { serveHttp } from '../../linux/libc/http-server.ts'
import { textResponse } from '../../linux/libc/http-message.ts'
import type { Machine } from '../../linux/machine.ts'
import type { Process } from '../../linux/process.ts'
import type { Program } from '../../linux/program.ts'
import { type Wait, WaitQueue } from '../../linux/wait.ts'
import { parseIp } from '../../net/addr/ip.ts'
import type { Timer } from '../../sim/clock.ts'
import { CNI_CONF_DIR } from '../cni/cni-types.ts'
import { CLUSTER_HANDLE, type ClusterHandle } from '../cri/cluster-handle.ts'
import { ContainerRuntime } from '../cri/container-runtime.ts'
import type { ImageSource } from '../cri/image-store.ts'
import { Task } from '../task.ts'
import { Endpoint } from './endpoint.ts'
import { NodeStatusWriter } from './node-status.ts'
import { PodWorker } from './pod-worker.ts'
import { MANIFEST_DIR, isMirror, mirror, readStaticPods, removeMirror } from './static-pods.ts'
import type { WorkerHost } from './worker-host.ts'

export interface KubeletOptions {
  machine: Machine
  client: ApiClient
  server: ApiServer
  /** Clients for the programs in pods, by actor. */
  clientFor: (actor: string) => ApiClient
  images: ImageSource
  /** On the node before anything is pulled. */
  preloaded: readonly string[]
  clusterDns: readonly string[]
  clusterDomain: string
  addresses: readonly string[]
  podCIDRs: readonly string[]
  labels: ReadonlyMap<string, string>
  taints: readonly Taint[]
  capacity: ReadonlyMap<string, string>
  /** Further services of the assembly for programs in this node's pods. */
  handles?: ReadonlyMap<string, unknown>
}

const LEASE_RENEW_US = 10_000_000
const VOLUME_LOOK_US = 60_000_000
const REGISTER_RETRY_US = 1_000_000
/** What a pod whose object is gone already gets to end itself. */
const GONE_GRACE_US = 2_000_000
const PORT = 10250
const HEALTH_PORT = 10248
const NETWORK_NOT_READY =
  'container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized'

export class Kubelet {
  readonly runtime: ContainerRuntime
  /** Its API, for whoever stands between it and the API server. */
  readonly endpoint: KubeletEndpoint
  readonly #options: KubeletOptions
  readonly #events: EventRecorder
  readonly #status: NodeStatusWriter
  /** By uid. */
  readonly #workers = new Map<string, PodWorker>()
  /** Static pods by name. */
  #static = new Map<string, Pod>()
  #informer: Informer<Pod> | null = null
  #process: Process | null = null
  #tasks: Task[] = []
  #timers = new Map<string, Timer>()
  #ready = false
  #running = false

  constructor(options: KubeletOptions) {
    this.#options = options
    const { machine, client } = options
    this.runtime = new ContainerRuntime(machine, options.images)
    for (const image of options.preloaded) this.runtime.images.pull(image)
    this.#events = new EventRecorder(client, 'kubelet', machine.name)
    this.#status = new NodeStatusWriter(client, {
      machine, name: machine.name, addresses: options.addresses, podCIDRs: options.podCIDRs, labels: options.labels,
      taints: options.taints, capacity: options.capacity,
    })
    this.endpoint = new Endpoint(machine, (namespace, pod) => this.worker(namespace, pod))
  }

  get nodeName(): string {
    return this.#options.machine.name
  }

  /** The kubelet's process; null while it does not run. */
  get process(): Process | null {
    return this.#process
  }

  worker(namespace: string, pod: string): PodWorker | undefined {
    let found: PodWorker | undefined
    for (const worker of this.#workers.values()) {
      if (worker.pod.metadata.name === pod && worker.pod.metadata.namespace === namespace) found = worker
    }
    return found
  }

  start(): void {
    if (this.#running) return
    this.#running = true
    const { machine } = this.#options
    this.runtime.forgetLeftovers()
    this.#process = machine.spawn({
      argv: ['/usr/bin/kubelet', '--config=/var/lib/kubelet/config.yaml', `--hostname-override=${machine.name}`],
      program: kubeletProgram, context: machine.root, tty: null, env: new Map(), cwd: '/', pgid: 'own', onExit: () => this.stop(),
    })
    machine.fs.mkdir(CNI_CONF_DIR, { parents: true })
    machine.fs.mkdir(MANIFEST_DIR, { parents: true })
    this.#ready = this.runtime.networkReady
    this.#tasks.push(new Task(machine.world.clock, this.#watchDirectory(CNI_CONF_DIR, () => this.#lookAtNetwork())))
    this.#tasks.push(new Task(machine.world.clock, this.#watchDirectory(MANIFEST_DIR, () => this.#lookAtManifests())))
    this.#register()
    this.#every('volumes', VOLUME_LOOK_US, () => {
      for (const worker of this.#workers.values()) if (worker.pod.spec.volumes?.length) worker.poke()
    })
  }

  /** Stops looking after the pods; their processes go on. */
  stop(): void {
    if (!this.#running) return
    this.#running = false
    for (const task of this.#tasks) task.cancel()
    for (const timer of this.#timers.values()) this.#options.machine.world.clock.cancel(timer)
    this.#informer?.stop()
    for (const worker of this.#workers.values()) worker.abandon()
    this.#process?.signal('SIGKILL')
    this.#tasks = []
    this.#timers = new Map()
    this.#informer = null
    this.#workers.clear()
    this.#static = new Map()
    this.#process = null
  }

  // --- The node ----------------------------------------------------------------------------------------------------------

  #register(): void {
    const { client, machine } = this.#options
    try {
      const node = this.#status.register(this.#readyState())
      this.#status.renewLease()
      this.#events.event({ ...node, metadata: { ...node.metadata, uid: node.metadata.name } }, 'Normal', 'Starting', 'Starting kubelet.')
    } catch (error) {
      if (!isStatusError(error)) throw error
      this.#timers.set('register', machine.world.clock.afterInBackground(REGISTER_RETRY_US, () => this.#register()))
      return
    }
    this.#every('lease', LEASE_RENEW_US, () => this.#try(() => {
      this.#status.renewLease()
      if (this.#status.contradicted(this.#ready)) this.#status.update(this.#readyState())
    }))
    this.#informer = new Informer<Pod>(client, 'pods', { fieldSelector: `spec.nodeName=${machine.name}` })
    this.#informer.onEvent((pod, old) => this.#podChanged(pod, old))
    this.#informer.start()
    for (const pod of this.#static.values()) mirror(client, pod, this.nodeName)
  }

  #readyState(): { ready: boolean; message: string } {
    return { ready: this.#ready, message: NETWORK_NOT_READY }
  }

  #lookAtNetwork(): void {
    const ready = this.runtime.networkReady
    if (ready === this.#ready) return
    this.#ready = ready
    this.#try(() => this.#status.update(this.#readyState()))
    const node = this.#options.client.server.available ? this.#options.client.find('nodes', '', this.nodeName) : undefined
    if (node && ready) {
      const named = { ...node, metadata: { ...node.metadata, uid: node.metadata.name } }
      this.#events.event(named, 'Normal', 'NodeReady', `Node ${this.nodeName} status is now: NodeReady`)
    }
    for (const worker of this.#workers.values()) worker.poke()
  }

  *#watchDirectory(path: string, look: () => void): Generator<Wait, void, unknown> {
    for (;;) {
      look()
      const change = this.#options.machine.fs.change(path)
      if (isErrno(change)) return
      yield change
    }
  }

  #every(name: string, us: number, run: () => void): void {
    const clock = this.#options.machine.world.clock
    const again = (): void => {
      this.#timers.set(name, clock.afterInBackground(us, again))
      run()
    }
    this.#timers.set(name, clock.afterInBackground(us, again))
  }

  /** Writes that may fail because the server is away: the next time will do. */
  #try(write: () => void): void {
    try {
      write()
    } catch (error) {
      if (!isStatusError(error)) throw error
    }
  }

  // --- Pods --------------------------------------------------------------------------------------------------------------

  #podChanged(pod: Pod | undefined, old: Pod | undefined): void {
    const known = (pod ?? old) as Pod
    if (isMirror(known)) {
      const own = this.#static.get(known.metadata.name)
      // Deleting a mirror deletes nothing: it comes back.
      if (!pod && own) mirror(this.#options.client, own, this.nodeName)
      else if (pod && !own) removeMirror(this.#options.client, pod)
      else if (pod && own) this.#workers.get(own.metadata.uid ?? '')?.mirrored(pod.status)
      return
    }
    const uid = known.metadata.uid ?? ''
    const worker = this.#workers.get(uid)
    if (!pod) {
      worker?.terminate(GONE_GRACE_US)
      return
    }
    if (pod.metadata.deletionTimestamp) {
      if (worker) {
        worker.update(pod)
        worker.terminate((pod.metadata.deletionGracePeriodSeconds ?? 30) * 1_000_000)
      } else this.#deleteObject(pod)
      return
    }
    if (worker) worker.update(pod)
    else if (pod.status?.phase !== 'Succeeded' && pod.status?.phase !== 'Failed') this.#workers.set(uid, new PodWorker(this.#host(), pod))
  }

  #lookAtManifests(): void {
    const { machine, server, client } = this.#options
    const now = readStaticPods(machine, this.nodeName, server)
    for (const [name, pod] of this.#static) {
      if (now.get(name)?.metadata.uid === pod.metadata.uid) continue
      this.#workers.get(pod.metadata.uid ?? '')?.terminate((pod.spec.terminationGracePeriodSeconds ?? 30) * 1_000_000)
    }
    const before = this.#static
    this.#static = now
    for (const [name, pod] of now) {
      const uid = pod.metadata.uid ?? ''
      if (before.get(name)?.metadata.uid === uid) continue
      mirror(client, pod, this.nodeName)
      if (!this.#workers.has(uid)) this.#workers.set(uid, new PodWorker(this.#host(), pod))
    }
  }

  #deleteObject(pod: Pod): void {
    const { namespace = 'default', name, uid } = pod.metadata
    try {
      this.#options.client.delete('pods', namespace, name, { gracePeriodSeconds: 0, preconditions: { uid } })
    } catch (error) {
      if (!isStatusError(error)) throw error
      if (error.reason !== 'ServiceUnavailable') return
      const retry = `delete/${uid}`
      this.#timers.set(retry, this.#options.machine.world.clock.afterInBackground(REGISTER_RETRY_US, () => this.#deleteObject(pod)))
    }
  }

  #finished(worker: PodWorker): void {
    const { pod } = worker
    const uid = pod.metadata.uid ?? ''
    if (this.#workers.get(uid) !== worker) return
    this.#workers.delete(uid)
    const ours = pod.metadata.annotations?.['kubernetes.io/config.source'] === 'file'
    if (!ours) this.#deleteObject(pod)
    else if (!this.#static.has(pod.metadata.name)) removeMirror(this.#options.client, pod)
  }

  #host(): WorkerHost {
    const options = this.#options
    const { machine, client } = options
    const { world } = machine
    return {
      clock: world.clock,
      epochMs: world.epochMs,
      machine,
      nodeName: this.nodeName,
      client,
      runtime: this.runtime,
      events: this.#events,
      process: this.#process as Process,
      nodeIps: options.addresses,
      allocatable: options.capacity,
      get dns() {
        const text = machine.fs.exists('/etc/resolv.conf') ? machine.fs.read('/etc/resolv.conf') : ''
        return { clusterDns: options.clusterDns, clusterDomain: options.clusterDomain, hostResolvConf: text }
      },
      get hostsFile() {
        return machine.fs.exists('/etc/hosts') ? machine.fs.read('/etc/hosts') : ''
      },
      networkNotReady: NETWORK_NOT_READY,
      nowIso: () => world.nowIso(),
      handles: (pod) => {
        const handle: ClusterHandle = {
          client: options.clientFor, nodeName: machine.name, namespace: pod.metadata.namespace ?? 'default', pod: pod.metadata.name,
        }
        return new Map<string, unknown>([...(options.handles ?? []), [CLUSTER_HANDLE, handle]])
      },
      publish: (pod, status) => this.#publish(pod, status),
      finished: (worker) => this.#finished(worker),
    }
  }

  #publish(pod: Pod, status: PodStatus): boolean {
    const { namespace = 'default', name } = pod.metadata
    try {
      this.#options.client.patch('pods', namespace, name, { type: 'merge', subresource: 'status', body: { status } })
      return true
    } catch (error) {
      if (hasReason(error, 'NotFound')) return true
      if (isStatusError(error)) return false
      throw error
    }
  }
}

/** The process behind the object: it holds the ports, and probes run on its threads. */
const kubeletProgram: Program = function* (proc) {
  proc.thread((thread) => serveHttp(thread, HEALTH_PORT, () => textResponse(200, 'ok'), { address: parseIp('127.0.0.1') }))
  proc.thread((thread) => serveHttp(thread, PORT, () => textResponse(400, 'Client sent an HTTP request to an HTTPS server.\n')))
  const ended = new WaitQueue()
  for (;;) yield ended.wait
}
