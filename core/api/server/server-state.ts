/** What all handlers of the API server share: the store, the definitions, the allocators, the time. */
import type { Clock } from '../../sim/clock.ts'
import type { Random, RandomStreams } from '../../sim/random.ts'
import type { Trace } from '../../sim/trace.ts'
import { ClusterIpAllocator, NodePortAllocator } from '../admission/cluster-ip-allocator.ts'
import { ServiceAllocation } from '../admission/service-allocation.ts'
import { StatusError } from '../meta/status.ts'
import type { GroupName } from '../meta/status.ts'
import { formatTime, parseTime } from '../meta/timestamp.ts'
import { groupVersion } from '../registry/definition.ts'
import type { ResourceDefinition, ServedVersion } from '../registry/definition.ts'
import { builtInResources } from '../registry/index.ts'
import type { Schema } from '../schema/schema.ts'
import { Store } from '../store/store.ts'
import type { StoreEvent } from '../store/store.ts'
import type { KubeEvent, KubeObject } from '../types/index.ts'
import { WatchHub } from './watch-hub.ts'

export interface ApiServerOptions {
  clock: Clock
  random: RandomStreams
  trace: Trace
  /** Wall-clock milliseconds of virtual time 0. */
  epochMs: number
  /** Without it, fields are not checked. */
  schema?: Schema
  /** `definitions` of the same document, for /openapi/v3. */
  schemaDefinitions?: Readonly<Record<string, unknown>>
  /** Primary first. */
  serviceCidrs?: string[]
  nodePortRange?: { from: number; to: number }
  clusterDomain?: string
}

const EVENT_TTL_MS = 3_600_000
const EVENT_SWEEP_US = 300_000_000

/** A resource as a client names it: `pods`, `deployments.apps`, or `horizontalpodautoscalers.v1.autoscaling`. */
export interface Resolved {
  definition: ResourceDefinition
  /** Set when the client asks for a version that is not the stored one. */
  served?: ServedVersion
}

export class ServerState {
  readonly clock: Clock
  readonly epochMs: number
  readonly schema: Schema | undefined
  readonly store: Store
  readonly hub: WatchHub
  readonly registry: ResourceDefinition[]
  readonly services: ServiceAllocation
  readonly uids: Random
  readonly names: Random
  readonly #trace: Trace
  readonly #byResource = new Map<string, Resolved>()
  readonly #byKind = new Map<string, Resolved>()
  #actor = ''
  #sweeping = false

  constructor(options: ApiServerOptions) {
    this.clock = options.clock
    this.epochMs = options.epochMs
    this.schema = options.schema
    this.#trace = options.trace
    this.uids = options.random.stream('api/uids')
    this.names = options.random.stream('api/names')
    this.store = new Store((event) => this.#changed(event))
    this.hub = new WatchHub(options.clock, () => this.store)
    const ips = new ClusterIpAllocator(options.serviceCidrs ?? ['10.96.0.0/16'], options.random.stream('api/cluster-ips'))
    const ports = new NodePortAllocator(options.nodePortRange ?? { from: 30_000, to: 32_767 }, options.random.stream('api/node-ports'))
    this.services = new ServiceAllocation(ips, ports)
    this.registry = builtInResources()
    for (const definition of this.registry) this.#index(definition)
  }

  get nowMs(): number {
    return this.epochMs + Math.floor(this.clock.nowUs / 1000)
  }

  get nowText(): string {
    return formatTime(this.nowMs)
  }

  /** Throws `the server could not find the requested resource` for a name that it does not know. */
  resolve(resource: string): Resolved {
    const found = this.#byResource.get(resource)
    if (!found) throw StatusError.unknownPath()
    return found
  }

  lookup(resource: string): Resolved | undefined {
    return this.#byResource.get(resource)
  }

  forKind(apiVersion: string, kind: string): Resolved | undefined {
    return this.#byKind.get(`${apiVersion} ${kind}`)
  }

  existing(definition: ResourceDefinition, namespace: string, name: string): KubeObject {
    const found = this.store.get(definition.resource, definition.namespaced ? namespace : '', name)
    if (!found) throw StatusError.notFound(resourceName(definition), name)
    return found
  }

  /** Everything written in `write` is the actor's doing. */
  as<T>(actor: string, write: () => T): T {
    const before = this.#actor
    this.#actor = actor
    try {
      return write()
    } finally {
      this.#actor = before
    }
  }

  #changed(event: StoreEvent): void {
    const { object } = event
    this.#trace.emit({
      kind: 'api.object',
      change: event.type,
      apiVersion: object.apiVersion,
      objectKind: object.kind,
      resource: event.resource.split('.')[0]!,
      namespace: object.metadata.namespace ?? '',
      name: object.metadata.name,
      uid: object.metadata.uid ?? '',
      revision: event.revision,
      actor: this.#actor,
      body: JSON.stringify(object),
    })
    this.hub.publish(event)
    if (event.resource === 'events' && !this.#sweeping) this.#sweepLater()
  }

  /** Events live an hour (--event-ttl); the sweep rests while there are none. */
  #sweepLater(): void {
    this.#sweeping = true
    this.clock.afterInBackground(EVENT_SWEEP_US, () => {
      this.#sweeping = false
      const tooOld = this.nowMs - EVENT_TTL_MS
      for (const event of this.store.list('events')) {
        const { metadata } = event
        const last = parseTime((event as KubeEvent).lastTimestamp ?? metadata.creationTimestamp)
        if (last !== undefined && last < tooOld)
          this.as('kube-apiserver', () => this.store.remove('events', metadata.namespace ?? '', metadata.name))
      }
      if (this.store.count('events') > 0) this.#sweepLater()
    })
  }

  #index(definition: ResourceDefinition): void {
    const resolved = { definition }
    const { plural, group, version, kind } = definition
    this.#byResource.set(definition.resource, resolved)
    this.#byResource.set(group === '' ? `${plural}.${version}.` : `${plural}.${version}.${group}`, resolved)
    this.#byKind.set(`${groupVersion(definition)} ${kind}`, resolved)
    for (const served of definition.otherVersions) {
      const other = { definition, served }
      this.#byResource.set(`${plural}.${served.version}.${served.group}`, other)
      this.#byKind.set(`${groupVersion(served)} ${kind}`, other)
    }
  }
}

export function resourceName(definition: ResourceDefinition): GroupName {
  return { group: definition.group, name: definition.plural }
}

export function kindName(definition: ResourceDefinition): GroupName {
  return { group: definition.group, name: definition.kind }
}
