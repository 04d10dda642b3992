/**
 * Watches: every change of the store reaches every watcher whose selection it touches, one millisecond later, in the order of
 * the changes. A change costs one event of the Clock, however many watch.
 */
import type { Clock, Timer } from '../../sim/clock.ts'
import { StatusError } from '../meta/status.ts'
import type { ResourceDefinition } from '../registry/definition.ts'
import { withRevision } from '../store/store.ts'
import type { Store, StoreEvent } from '../store/store.ts'
import type { KubeObject, WatchEvent } from '../types/index.ts'
import type { WatchOptions } from './call.ts'
import { compileSelection, readField } from './selection.ts'
import type { Selection } from './selection.ts'

const WATCH_LATENCY_US = 1_000
/** Upstream sends a bookmark about once a minute. */
const BOOKMARK_US = 60_000_000

interface Watcher {
  definition: ResourceDefinition
  selection: Selection
  handler: (event: WatchEvent) => void
  /** Changes up to this revision have been sent or are not wanted. */
  after: number
  open: boolean
  bookmark: Timer | null
}

interface Audience {
  all: Set<Watcher>
  /** `field=value` → watchers that ask for it. */
  pinned: Map<string, Set<Watcher>>
  fields: Map<string, number>
}

/** Changes that nobody waits for in order to settle: renewals. */
const BACKGROUND_RESOURCES = new Set(['leases.coordination.k8s.io'])

export class WatchHub {
  readonly #clock: Clock
  readonly #store: () => Store
  readonly #audiences = new Map<string, Audience>()

  constructor(clock: Clock, store: () => Store) {
    this.#clock = clock
    this.#store = store
  }

  /** The store changed. */
  publish(event: StoreEvent): void {
    if (!this.#audiences.has(event.resource)) return
    const deliver = () => this.#deliver(event)
    if (BACKGROUND_RESOURCES.has(event.resource)) this.#clock.afterInBackground(WATCH_LATENCY_US, deliver)
    else this.#clock.after(WATCH_LATENCY_US, deliver)
  }

  watch(definition: ResourceDefinition, options: WatchOptions, handler: (event: WatchEvent) => void): () => void {
    const store = this.#store()
    const selection = compileSelection(definition, options)
    const watcher: Watcher = { definition, selection, handler, after: store.revision, open: true, bookmark: null }
    const from = options.resourceVersion ?? ''
    let initial: WatchEvent[]
    if (from === '' || from === '0' || options.sendInitialEvents) {
      initial = store
        .list(definition.resource, selection.namespace)
        .filter(selection.matches)
        .map((object) => ({ type: 'ADDED', object }))
      if (options.sendInitialEvents) initial.push(bookmark(definition, store.revision, true))
    } else {
      if (!/^\d+$/.test(from))
        throw StatusError.badRequest(
          `Invalid value: ${JSON.stringify(from)}: strconv.ParseUint: parsing ${JSON.stringify(from)}: invalid syntax`,
        )
      const backlog = store.since(definition.resource, Number(from))
      if (backlog === 'expired')
        throw StatusError.expired(`too old resource version: ${from} (${store.oldestRevision(definition.resource)})`)
      initial = backlog.map((event) => seenBy(watcher, event)).filter((event) => event !== undefined)
    }
    this.#join(watcher)
    if (initial.length > 0)
      this.#clock.after(WATCH_LATENCY_US, () => {
        for (const event of initial) if (watcher.open) handler(event)
      })
    if (options.allowBookmarks) this.#armBookmark(watcher)
    return () => this.#leave(watcher)
  }

  /** Ends every watch with 410: what is connected must list again. */
  closeAll(): void {
    const status = StatusError.expired('too old resource version').status as unknown as KubeObject
    for (const audience of [...this.#audiences.values()])
      for (const watcher of [...audience.all, ...[...audience.pinned.values()].flatMap((set) => [...set])]) {
        this.#leave(watcher)
        this.#clock.after(0, () => watcher.handler({ type: 'ERROR', object: status }))
      }
  }

  #deliver(event: StoreEvent): void {
    const audience = this.#audiences.get(event.resource)
    if (!audience) return
    for (const watcher of [...audience.all]) send(watcher, event)
    for (const field of audience.fields.keys()) {
      const some = audience.pinned.values().next().value?.values().next().value
      if (!some) break
      const now = readField(some.definition, event.object, field)
      for (const watcher of [...(audience.pinned.get(`${field}=${now}`) ?? [])]) send(watcher, event)
      const before = event.previous && readField(some.definition, event.previous, field)
      if (before !== undefined && before !== now)
        for (const watcher of [...(audience.pinned.get(`${field}=${before}`) ?? [])]) send(watcher, event)
    }
  }

  #join(watcher: Watcher): void {
    const { resource } = watcher.definition
    let audience = this.#audiences.get(resource)
    if (!audience) {
      audience = { all: new Set(), pinned: new Map(), fields: new Map() }
      this.#audiences.set(resource, audience)
    }
    const pin = watcher.selection.pinned
    if (!pin) {
      audience.all.add(watcher)
      return
    }
    const key = `${pin.field}=${pin.value}`
    const group = audience.pinned.get(key) ?? new Set()
    group.add(watcher)
    audience.pinned.set(key, group)
    audience.fields.set(pin.field, (audience.fields.get(pin.field) ?? 0) + 1)
  }

  #leave(watcher: Watcher): void {
    if (!watcher.open) return
    watcher.open = false
    this.#clock.cancel(watcher.bookmark)
    const audience = this.#audiences.get(watcher.definition.resource)!
    const pin = watcher.selection.pinned
    if (!pin) audience.all.delete(watcher)
    else {
      const key = `${pin.field}=${pin.value}`
      const group = audience.pinned.get(key)!
      group.delete(watcher)
      if (group.size === 0) audience.pinned.delete(key)
      const left = audience.fields.get(pin.field)! - 1
      if (left === 0) audience.fields.delete(pin.field)
      else audience.fields.set(pin.field, left)
    }
  }

  #armBookmark(watcher: Watcher): void {
    watcher.bookmark = this.#clock.afterInBackground(BOOKMARK_US, () => {
      watcher.handler(bookmark(watcher.definition, this.#store().revision, false))
      if (watcher.open) this.#armBookmark(watcher)
    })
  }
}

function send(watcher: Watcher, event: StoreEvent): void {
  if (!watcher.open || event.revision <= watcher.after) return
  watcher.after = event.revision
  const seen = seenBy(watcher, event)
  if (seen) watcher.handler(seen)
}

/** A change through a watcher's selection: an object that leaves it is DELETED, one that enters it is ADDED. */
function seenBy(watcher: Watcher, event: StoreEvent): WatchEvent | undefined {
  const { matches } = watcher.selection
  const before = event.previous !== undefined && matches(event.previous)
  if (event.type === 'DELETED') return before ? { type: 'DELETED', object: event.object } : undefined
  const now = matches(event.object)
  if (now) return { type: before ? 'MODIFIED' : 'ADDED', object: event.object }
  return before ? { type: 'DELETED', object: withRevision(event.previous!, event.revision) } : undefined
}

function bookmark(definition: ResourceDefinition, revision: number, initial: boolean): WatchEvent {
  const annotations = initial ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {}
  const apiVersion = definition.group === '' ? definition.version : `${definition.group}/${definition.version}`
  return {
    type: 'BOOKMARK',
    object: { apiVersion, kind: definition.kind, metadata: { name: '', resourceVersion: String(revision), ...annotations } },
  }
}
