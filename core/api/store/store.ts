/**
 * All objects of the cluster and the history of their changes: what etcd and the API server's watch cache are together.
 * One revision counter for everything, as in etcd. Objects are deep-frozen when they come in.
 * Omits: compaction by time, transactions over several keys.
 */
import { assert } from '../../base/assert.ts'
import { byText } from '../../base/text-order.ts'
import { deepFreeze } from '../meta/json.ts'
import type { KubeObject } from '../types/index.ts'

export interface StoreEvent {
  revision: number
  type: 'ADDED' | 'MODIFIED' | 'DELETED'
  resource: string
  object: KubeObject
  previous?: KubeObject
}

/** Changes kept per resource; a watch that asks for older ones gets 410 (upstream's watch cache holds up to 102400). */
const HISTORY_MAX = 4096

class Bucket {
  readonly items = new Map<string, KubeObject>()
  #order: string[] | null = null

  set(name: string, object: KubeObject): void {
    if (!this.items.has(name)) this.#order = null
    this.items.set(name, object)
  }

  delete(name: string): void {
    if (this.items.delete(name)) this.#order = null
  }

  names(): string[] {
    this.#order ??= [...this.items.keys()].sort(byText)
    return this.#order
  }
}

interface Table {
  buckets: Map<string, Bucket>
  namespaces: string[] | null
  history: StoreEvent[]
  /** Changes up to this revision are forgotten. */
  forgotten: number
  size: number
}

export class Store {
  readonly #tables = new Map<string, Table>()
  readonly #onEvent: (event: StoreEvent) => void
  #revision = 0

  constructor(onEvent: (event: StoreEvent) => void) {
    this.#onEvent = onEvent
  }

  get revision(): number {
    return this.#revision
  }

  get(resource: string, namespace: string, name: string): KubeObject | undefined {
    return this.#tables.get(resource)?.buckets.get(namespace)?.items.get(name)
  }

  /** In etcd's order: by namespace, then by name. Without a namespace, all of them. */
  list(resource: string, namespace?: string): KubeObject[] {
    const table = this.#tables.get(resource)
    if (!table) return []
    if (namespace !== undefined && namespace !== '') return objectsOf(table.buckets.get(namespace))
    table.namespaces ??= [...table.buckets.keys()].sort(byText)
    if (table.namespaces.length === 1) return objectsOf(table.buckets.get(table.namespaces[0]!))
    return table.namespaces.flatMap((ns) => objectsOf(table.buckets.get(ns)))
  }

  count(resource: string): number {
    return this.#tables.get(resource)?.size ?? 0
  }

  /** Names of the resources that have, or had, objects. */
  resources(): string[] {
    return [...this.#tables.keys()].sort(byText)
  }

  /** Stores the draft under a new revision and returns it frozen. The draft belongs to the store from now on. */
  put(resource: string, draft: KubeObject): KubeObject {
    const table = this.#table(resource)
    const namespace = draft.metadata.namespace ?? ''
    const name = draft.metadata.name
    const bucket = this.#bucket(table, namespace)
    const previous = bucket.items.get(name)
    this.#revision += 1
    draft.metadata.resourceVersion = String(this.#revision)
    const object = deepFreeze(draft)
    bucket.set(name, object)
    if (!previous) table.size += 1
    this.#record(table, { revision: this.#revision, type: previous ? 'MODIFIED' : 'ADDED', resource, object, previous })
    return object
  }

  /** Removes an object; `last` is its final form. */
  remove(resource: string, namespace: string, name: string): KubeObject {
    const table = this.#table(resource)
    const bucket = table.buckets.get(namespace)
    const previous = bucket?.items.get(name)
    assert(bucket && previous, `remove of ${resource} ${namespace}/${name} that is not there`)
    bucket.delete(name)
    if (bucket.items.size === 0) {
      table.buckets.delete(namespace)
      table.namespaces = null
    }
    table.size -= 1
    this.#revision += 1
    const object = withRevision(previous, this.#revision)
    this.#record(table, { revision: this.#revision, type: 'DELETED', resource, object, previous })
    return object
  }

  /** Changes after a revision, oldest first, or 'expired' when some of them are forgotten. */
  since(resource: string, revision: number): StoreEvent[] | 'expired' {
    const table = this.#tables.get(resource)
    if (!table) return []
    if (revision < table.forgotten) return 'expired'
    const { history } = table
    let from = history.length
    while (from > 0 && history[from - 1]!.revision > revision) from -= 1
    return history.slice(from)
  }

  oldestRevision(resource: string): number {
    return (this.#tables.get(resource)?.forgotten ?? 0) + 1
  }

  #record(table: Table, event: StoreEvent): void {
    table.history.push(event)
    if (table.history.length >= 2 * HISTORY_MAX) {
      const dropped = table.history.splice(0, HISTORY_MAX)
      table.forgotten = dropped.at(-1)!.revision
    }
    this.#onEvent(event)
  }

  #table(resource: string): Table {
    let table = this.#tables.get(resource)
    if (!table) {
      table = { buckets: new Map(), namespaces: null, history: [], forgotten: 0, size: 0 }
      this.#tables.set(resource, table)
    }
    return table
  }

  #bucket(table: Table, namespace: string): Bucket {
    let bucket = table.buckets.get(namespace)
    if (!bucket) {
      bucket = new Bucket()
      table.buckets.set(namespace, bucket)
      table.namespaces = null
    }
    return bucket
  }
}

function objectsOf(bucket: Bucket | undefined): KubeObject[] {
  return bucket ? bucket.names().map((name) => bucket.items.get(name)!) : []
}

/** The same object under another revision; everything but its metadata is shared. */
export function withRevision(object: KubeObject, revision: number): KubeObject {
  return deepFreeze({ ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } })
}
