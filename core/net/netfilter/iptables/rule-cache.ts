/**
 * Rules that were parsed once are shared: a cluster's machines hold nearly the same services. One cache per world, keyed by the
 * text of the rule; what is in it is frozen.
 */
import type { RuleSpec } from './rule.ts'

/** Beyond this the cache starts anew: rules in use keep their specs anyway. */
const RULE_CACHE_MAX = 300_000

const CACHES = new WeakMap<object, Map<string, RuleSpec[]>>()

export class RuleCache {
  readonly #specs: Map<string, RuleSpec[]>

  constructor(world: object) {
    let specs = CACHES.get(world)
    if (!specs) {
      specs = new Map()
      CACHES.set(world, specs)
    }
    this.#specs = specs
  }

  get(key: string): RuleSpec[] | undefined {
    return this.#specs.get(key)
  }

  set(key: string, specs: RuleSpec[]): void {
    if (this.#specs.size >= RULE_CACHE_MAX) this.#specs.clear()
    this.#specs.set(key, specs)
  }
}
