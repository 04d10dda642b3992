/**
 * Indices over an informer, so that nobody scans: objects by owner, by label, by whatever a function says.
 * k8s.io/client-go/tools/cache.Indexer.
 */
import type { Selector } from '../meta/labels.ts'
import { matchesSelector } from '../meta/labels.ts'
import type { KubeObject } from '../types/index.ts'
import { objectKey } from './informer.ts'
import type { Informer } from './informer.ts'

/** Objects by one or more texts that a function takes from them. */
export class ObjectIndex<T extends KubeObject> {
  readonly #terms = new Map<string, Map<string, T>>()

  constructor(informer: Informer<T>, terms: (object: T) => readonly string[]) {
    informer.onEvent((object, old) => {
      const now = object ? terms(object) : []
      if (old) for (const term of terms(old)) if (!now.includes(term)) this.#drop(term, objectKey(old))
      if (object) for (const term of now) this.#put(term, objectKey(object), object)
    })
  }

  /** In the order in which they came. */
  get(term: string): T[] {
    const found = this.#terms.get(term)
    return found ? [...found.values()] : []
  }

  count(term: string): number {
    return this.#terms.get(term)?.size ?? 0
  }

  #put(term: string, key: string, object: T): void {
    let objects = this.#terms.get(term)
    if (!objects) {
      objects = new Map()
      this.#terms.set(term, objects)
    }
    objects.set(key, object)
  }

  #drop(term: string, key: string): void {
    const objects = this.#terms.get(term)
    if (!objects) return
    objects.delete(key)
    if (objects.size === 0) this.#terms.delete(term)
  }
}

/** Objects by their labels: those that a selector matches, without looking at all the others. */
export class LabelIndex<T extends KubeObject> {
  readonly #index: ObjectIndex<T>

  constructor(informer: Informer<T>) {
    this.#index = new ObjectIndex(informer, (object) => labelTerms(object.metadata.namespace ?? '', object.metadata.labels))
  }

  select(namespace: string, selector: Selector): T[] {
    if (selector === null) return []
    let best = `${namespace}\u0000`
    let bestCount = this.#index.count(best)
    for (const r of selector) {
      if (r.operator !== '=' && !(r.operator === 'in' && r.values.length === 1)) continue
      const term = `${namespace}\u0000${r.key}=${r.values[0]}`
      const count = this.#index.count(term)
      if (count <= bestCount) {
        best = term
        bestCount = count
      }
    }
    return this.#index.get(best).filter((object) => matchesSelector(selector, object.metadata.labels))
  }
}

function labelTerms(namespace: string, labels: Record<string, string> | undefined): string[] {
  const terms = [`${namespace}\u0000`]
  for (const key of Object.keys(labels ?? {})) terms.push(`${namespace}\u0000${key}=${labels![key]}`)
  return terms
}

/** Objects that select others by equality (services, replica sets): which of them may want an object with these labels? */
export class SelectorIndex<T extends KubeObject> {
  readonly #index: ObjectIndex<T>
  readonly #selector: (object: T) => Selector

  constructor(informer: Informer<T>, selector: (object: T) => Selector) {
    this.#selector = selector
    this.#index = new ObjectIndex(informer, (object) => {
      const compiled = selector(object)
      if (compiled === null) return []
      const namespace = object.metadata.namespace ?? ''
      const pinned = compiled.find((r) => r.operator === '=')
      return [pinned ? `${namespace}\u0000${pinned.key}=${pinned.values[0]}` : `${namespace}\u0000`]
    })
  }

  wanting(namespace: string, labels: Record<string, string> | undefined): T[] {
    const found = new Set<T>()
    for (const term of labelTerms(namespace, labels))
      for (const object of this.#index.get(term)) if (matchesSelector(this.#selector(object), labels)) found.add(object)
    return [...found]
  }
}
