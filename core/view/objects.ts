/**
 * API objects as the store last wrote them, per resource. Bodies stay text until somebody looks inside.
 *
 * Truth: `api.object` trace events, each of which carries the whole object.
 * Omits: earlier revisions; the timeline keeps who wrote what and when.
 */
import type { ApiObject, TraceEvent } from '../sim/trace-event.ts'
import { copyNested, innerMap } from './copy-nested.ts'

export type Body = { readonly [field: string]: unknown }

export class ObjectEntry {
  readonly event: ApiObject
  readonly atUs: number
  readonly createdUs: number
  #body: Body | null = null

  constructor(event: ApiObject, atUs: number, createdUs: number) {
    this.event = event
    this.atUs = atUs
    this.createdUs = createdUs
  }

  /** `namespace/name`, or the name alone of an object without namespace. */
  get key(): string {
    return this.event.namespace === '' ? this.event.name : `${this.event.namespace}/${this.event.name}`
  }

  /** `Kind/namespace/name`, as chain origins and selections write it. */
  get reference(): string {
    return `${this.event.objectKind}/${this.event.namespace}/${this.event.name}`
  }

  get body(): Body {
    if (this.#body === null) this.#body = JSON.parse(this.event.body) as Body
    return this.#body
  }
}

export class ObjectsFold {
  byResource = new Map<string, Map<string, ObjectEntry>>()
  revision = 0

  apply(event: TraceEvent, atUs: number): boolean {
    if (event.kind !== 'api.object') return false
    this.revision = Math.max(this.revision, event.revision)
    const entries = innerMap(this.byResource, event.resource)
    const key = event.namespace === '' ? event.name : `${event.namespace}/${event.name}`
    if (event.change === 'DELETED') entries.delete(key)
    else entries.set(key, new ObjectEntry(event, atUs, entries.get(key)?.createdUs ?? atUs))
    return true
  }

  list(resource: string): ObjectEntry[] {
    return [...(this.byResource.get(resource)?.values() ?? [])]
  }

  get(resource: string, key: string): ObjectEntry | undefined {
    return this.byResource.get(resource)?.get(key)
  }

  /** By `Kind/namespace/name`. */
  find(reference: string): ObjectEntry | undefined {
    const [kind, namespace, name] = reference.split('/')
    const key = namespace === '' || namespace === undefined ? name : `${namespace}/${name}`
    for (const entries of this.byResource.values()) {
      const entry = key === undefined ? undefined : entries.get(key)
      if (entry !== undefined && entry.event.objectKind === kind) return entry
    }
    return undefined
  }

  checkpoint(): ObjectsFold {
    const copy = new ObjectsFold()
    copy.byResource = copyNested(this.byResource)
    copy.revision = this.revision
    return copy
  }
}

/** What stands at a path of fields, or undefined. */
export function at(value: unknown, ...path: (string | number)[]): unknown {
  for (const step of path) {
    if (value === null || typeof value !== 'object') return undefined
    value = (value as Record<string | number, unknown>)[step]
  }
  return value
}

export function textAt(value: unknown, ...path: (string | number)[]): string {
  const found = at(value, ...path)
  return typeof found === 'string' ? found : typeof found === 'number' || typeof found === 'boolean' ? String(found) : ''
}

export function numberAt(value: unknown, ...path: (string | number)[]): number {
  const found = at(value, ...path)
  return typeof found === 'number' ? found : 0
}

export function listAt(value: unknown, ...path: (string | number)[]): readonly unknown[] {
  const found = at(value, ...path)
  return Array.isArray(found) ? found : []
}
