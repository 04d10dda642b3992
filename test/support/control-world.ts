/** A cluster without machines: API server, controllers, and kubelets that only mark pods as running. For tests of api and control. */
import { ApiClient } from '../../core/api/client/api-client.ts'
import type { Controller } from '../../core/api/client/run-controller.ts'
import { cloneJson } from '../../core/api/meta/json.ts'
import { formatMicroTime, formatTime } from '../../core/api/meta/timestamp.ts'
import { ApiServer } from '../../core/api/server/api-server.ts'
import { kubernetesSchema, kubernetesSchemaJson } from '../../core/api/schema/kubernetes-schema.ts'
import type { KubeEvent, KubeObject, Lease, Node, Pod } from '../../core/api/types/index.ts'
import { controllerManager, scheduler } from '../../core/control/index.ts'
import { Clock } from '../../core/sim/clock.ts'
import { RandomStreams } from '../../core/sim/random.ts'
import { Trace } from '../../core/sim/trace.ts'

const EPOCH_MS = 1_767_225_600_000
const EVENTS_MAX = 300_000

export interface ControlWorldOptions {
  seed?: number
  nodes?: number
  cpu?: string
  memory?: string
  /** No scheduler and no controllers. */
  bare?: boolean
}

export class ControlWorld {
  readonly clock = new Clock()
  readonly trace = new Trace(this.clock)
  readonly random: RandomStreams
  readonly server: ApiServer
  readonly client: ApiClient
  readonly processes: Controller[] = []
  /** Images that never become ready. */
  readonly broken = new Set<string>()
  readonly stopped = new Set<string>()
  #addresses = 0

  constructor(options: ControlWorldOptions = {}) {
    this.random = new RandomStreams(options.seed ?? 1)
    this.server = new ApiServer({
      clock: this.clock,
      random: this.random,
      trace: this.trace,
      epochMs: EPOCH_MS,
      schema: kubernetesSchema,
      schemaDefinitions: kubernetesSchemaJson.definitions,
    })
    this.client = new ApiClient(this.server, 'kubectl')
    for (const name of ['default', 'kube-system', 'kube-public', 'kube-node-lease'])
      this.client.create('namespaces', '', { metadata: { name } })
    if (!options.bare) {
      const deps = { server: this.server, clock: this.clock, random: this.random, trace: this.trace }
      this.processes.push(controllerManager(deps), scheduler(deps))
      for (const process of this.processes) process.start()
    } else this.client.create('serviceaccounts', 'default', { metadata: { name: 'default' } })
    for (let i = 1; i <= (options.nodes ?? 2); i += 1) this.addNode(`worker-${i}`, options.cpu ?? '4', options.memory ?? '8Gi')
    this.settle()
  }

  addNode(name: string, cpu = '4', memory = '8Gi', extra: { labels?: Record<string, string>; spec?: object } = {}): void {
    const kubelet = new ApiClient(this.server, `kubelet/${name}`)
    kubelet.create<Node>('nodes', '', {
      metadata: { name, labels: { 'kubernetes.io/hostname': name, ...extra.labels } },
      spec: extra.spec ?? {},
      status: {
        capacity: { cpu, memory, pods: '110' },
        allocatable: { cpu, memory, pods: '110' },
        conditions: [
          {
            type: 'Ready',
            status: 'True',
            reason: 'KubeletReady',
            message: 'kubelet is posting ready status',
            lastHeartbeatTime: this.now(),
            lastTransitionTime: this.now(),
          },
        ],
      },
    })
    this.#renewLease(kubelet, name)
    kubelet.watch<Pod>('pods', { fieldSelector: `spec.nodeName=${name}` }, ({ type, object }) => {
      if (type === 'ADDED' || type === 'MODIFIED') this.#pod(kubelet, name, object)
    })
  }

  now(): string {
    return formatTime(this.server.nowMs)
  }

  /** Runs until nothing but time-outs remain. */
  settle(): void {
    for (let i = 0; i < EVENTS_MAX && this.clock.foregroundPending > 0; i += 1) this.clock.step()
    if (this.clock.foregroundPending > 0) throw new Error('the world does not settle')
  }

  pass(seconds: number): void {
    const result = this.clock.advance(this.clock.nowUs + seconds * 1_000_000, EVENTS_MAX)
    if (result !== 'reached') throw new Error(`the clock stopped: ${result}`)
  }

  apply<T extends KubeObject>(object: {
    apiVersion: string
    kind: string
    metadata: { name?: string; generateName?: string; namespace?: string }
  }): T {
    const definition = this.server.definitionForKind(object.apiVersion, object.kind)
    if (!definition) throw new Error(`no ${object.kind} in ${object.apiVersion}`)
    const created = this.client.create<T>(definition.resource, object.metadata.namespace ?? '', object, {
      fieldValidation: 'Strict',
      fieldManager: 'kubectl-create',
    })
    this.settle()
    return created
  }

  pods(namespace = 'default', labelSelector = ''): Pod[] {
    return this.client.list<Pod>('pods', { namespace, labelSelector }).items
  }

  events(namespace = 'default'): string[] {
    const sorted = [...this.client.list<KubeEvent>('events', { namespace }).items].sort(
      (a, b) => Number(a.metadata.resourceVersion) - Number(b.metadata.resourceVersion),
    )
    return sorted.map((e) => `${e.type} ${e.reason} ${e.involvedObject.kind}/${e.involvedObject.name}: ${e.message}`)
  }

  /** What `kubectl get` would show, without ages. */
  table(resource: string, namespace: string, wide = false): string[] {
    const definition = this.server.definition(resource)!
    const columns = definition.columns.filter((c) => (wide || c.priority === 0) && c.name !== 'Age')
    return this.client.list(resource, { namespace }).items.map((o) => columns.map((c) => String(c.value(o, this.server.nowMs))).join(' | '))
  }

  #pod(kubelet: ApiClient, node: string, seen: Pod): void {
    if (this.stopped.has(node)) return
    const { namespace = '', name } = seen.metadata
    const pod = kubelet.find<Pod>('pods', namespace, name)
    if (!pod || pod.metadata.uid !== seen.metadata.uid) return
    if (pod.metadata.deletionTimestamp) {
      if (this.clock.nowUs >= 0) kubelet.delete('pods', namespace, name, { gracePeriodSeconds: 0 })
      return
    }
    if (pod.status.phase !== 'Pending') return
    const broken = pod.spec.containers.some((c) => this.broken.has(c.image ?? ''))
    if (broken && pod.status.podIP) return
    const draft = cloneJson(pod)
    this.#addresses += 1
    const ip = `10.244.${Math.floor(this.#addresses / 250)}.${(this.#addresses % 250) + 1}`
    const ready = broken ? 'False' : 'True'
    const once = pod.spec.containers.some((c) => c.command?.[0] === 'true')
    const now = this.now()
    draft.status = {
      ...draft.status,
      phase: once ? 'Succeeded' : broken ? 'Pending' : 'Running',
      podIP: ip,
      podIPs: [{ ip }],
      hostIP: '172.18.0.2',
      startTime: now,
      conditions: [...(draft.status.conditions ?? []), { type: 'Ready', status: once ? 'False' : ready, lastTransitionTime: now }],
      containerStatuses: draft.spec.containers.map((c) => ({
        name: c.name,
        ready: !broken && !once,
        restartCount: 0,
        image: c.image ?? '',
        imageID: '',
        state: once
          ? { terminated: { exitCode: 0, reason: 'Completed' } }
          : broken
            ? { waiting: { reason: 'ImagePullBackOff' } }
            : { running: { startedAt: now } },
      })),
    }
    kubelet.updateStatus('pods', draft)
  }

  #renewLease(kubelet: ApiClient, node: string): void {
    if (!this.stopped.has(node)) {
      const spec = { holderIdentity: node, leaseDurationSeconds: 40, renewTime: formatMicroTime(EPOCH_MS, this.clock.nowUs) }
      const old = kubelet.find<Lease>('leases.coordination.k8s.io', 'kube-node-lease', node)
      if (old) kubelet.update('leases.coordination.k8s.io', { ...cloneJson(old), spec })
      else kubelet.create('leases.coordination.k8s.io', 'kube-node-lease', { metadata: { name: node }, spec })
    }
    this.clock.afterInBackground(10_000_000, () => this.#renewLease(kubelet, node))
  }
}
