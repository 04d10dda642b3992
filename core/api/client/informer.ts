/**
 * A local copy of a resource, kept by list and watch: k8s.io/client-go/tools/cache. When a watch ends (410, server away) it
 * lists again and tells only the differences.
 * Omits: periodic resync (reconcilers are level-triggered and requeue what they wait for).
 */
import type { Clock, Timer } from '../../sim/clock.ts'
import { byText } from '../../base/text-order.ts'
import { isStatusError } from '../meta/status.ts'
import type { KubeObject, WatchEvent } from '../types/index.ts'
import type { ApiClient } from './api-client.ts'

export interface InformerOptions {
  namespace?: string
  labelSelector?: string
  fieldSelector?: string
}

/** `old` is undefined for a new object; `object` is undefined for one that is gone. */
export type InformerHandler<T> = (object: T | undefined, old: T | undefined) => void

/** How long an informer waits before it lists again: the back-off of client-go's reflector (NewReflector), without its jitter. */
const RELIST_FIRST_US = 800_000
const RELIST_MAX_US = 30_000_000
/** After so long without trouble it begins anew. */
const RELIST_FORGET_US = 120_000_000

export class Informer<T extends KubeObject = KubeObject> {
  readonly resource: string
  readonly #client: ApiClient
  readonly #clock: Clock
  readonly #options: InformerOptions
  readonly #items = new Map<string, T>()
  readonly #handlers: InformerHandler<T>[] = []
  #stopWatch: (() => void) | null = null
  #retry: Timer | null = null
  #retryUs = RELIST_FIRST_US
  #troubleUs = 0
  #started = false
  /** True once the first list is in. */
  synced = false

  constructor(client: ApiClient, resource: string, options: InformerOptions = {}) {
    this.#client = client
    this.#clock = client.server.clock
    this.resource = resource
    this.#options = options
  }

  /** Adds a handler; it hears of everything that is already here. */
  onEvent(handler: InformerHandler<T>): void {
    this.#handlers.push(handler)
    for (const item of this.list()) handler(item, undefined)
  }

  start(): void {
    if (this.#started) return
    this.#started = true
    this.#relist()
  }

  stop(): void {
    this.#started = false
    this.#stopWatch?.()
    this.#stopWatch = null
    this.#clock.cancel(this.#retry)
  }

  get(namespace: string, name: string): T | undefined {
    return this.#items.get(namespace === '' ? name : `${namespace}/${name}`)
  }

  /** By `namespace/name` (or `name`), as a work queue holds it. */
  byKey(key: string): T | undefined {
    return this.#items.get(key)
  }

  /** Everything, in order of namespace and name. */
  list(): T[] {
    return [...this.#items.keys()].sort(byText).map((key) => this.#items.get(key)!)
  }

  /** Everything, in no promised order, without sorting. */
  values(): IterableIterator<T> {
    return this.#items.values()
  }

  get size(): number {
    return this.#items.size
  }

  #relist(): void {
    try {
      const list = this.#client.list<T>(this.resource, this.#options)
      const seen = new Set<string>()
      for (const item of list.items) {
        const key = objectKey(item)
        seen.add(key)
        this.#put(key, item)
      }
      for (const key of [...this.#items.keys()].sort(byText)) if (!seen.has(key)) this.#remove(key)
      this.synced = true
      const options = { ...this.#options, resourceVersion: list.metadata.resourceVersion }
      this.#stopWatch = this.#client.watch<T>(this.resource, options, (event) => this.#event(event))
    } catch (error) {
      if (!isStatusError(error)) throw error
      this.#retryLater()
    }
  }

  #retryLater(): void {
    this.#stopWatch = null
    const { nowUs } = this.#clock
    const delayUs = nowUs - this.#troubleUs > RELIST_FORGET_US ? RELIST_FIRST_US : this.#retryUs
    this.#troubleUs = nowUs
    this.#retryUs = Math.min(RELIST_MAX_US, delayUs * 2)
    this.#retry = this.#clock.afterInBackground(delayUs, () => {
      if (this.#started) this.#relist()
    })
  }

  #event(event: WatchEvent<T>): void {
    if (event.type === 'BOOKMARK') return
    if (event.type === 'ERROR') {
      this.#retryLater()
      return
    }
    const key = objectKey(event.object)
    if (event.type === 'DELETED') this.#remove(key)
    else this.#put(key, event.object)
  }

  #put(key: string, item: T): void {
    const old = this.#items.get(key)
    if (old?.metadata.resourceVersion === item.metadata.resourceVersion) return
    this.#items.set(key, item)
    for (const handler of this.#handlers) handler(item, old)
  }

  #remove(key: string): void {
    const old = this.#items.get(key)
    if (!old) return
    this.#items.delete(key)
    for (const handler of this.#handlers) handler(undefined, old)
  }
}

/** `namespace/name`, or `name` for objects of the whole cluster. */
export function objectKey(object: KubeObject): string {
  const { namespace, name } = object.metadata
  return namespace ? `${namespace}/${name}` : name
}
