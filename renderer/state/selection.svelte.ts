export type Selection =
  | { kind: 'packet'; packet: number }
  | { kind: 'rule'; netns: number; table: string; chain: string; number: number; rule: string }
  | { kind: 'object'; reference: string }
  | { kind: 'link'; netns: number; ifindex: number }
  | { kind: 'machine'; machine: string }
  | { kind: 'address'; address: string }

const HISTORY_MAX = 100

/** One selection in the whole app; every panel shows its side of it. */
class SelectionState {
  current = $state.raw<Selection | null>(null)
  #past = $state.raw<Selection[]>([])
  #future = $state.raw<Selection[]>([])

  readonly canGoBack = $derived(this.#past.length > 0)
  readonly canGoForward = $derived(this.#future.length > 0)

  select(next: Selection | null): void {
    if (next !== null && JSON.stringify(next) === JSON.stringify(this.current)) return
    if (this.current !== null) this.#past = [...this.#past, this.current].slice(-HISTORY_MAX)
    this.#future = []
    this.current = next
  }

  back(): void {
    const previous = this.#past.at(-1)
    if (previous === undefined) return
    this.#past = this.#past.slice(0, -1)
    if (this.current !== null) this.#future = [...this.#future, this.current]
    this.current = previous
  }

  forward(): void {
    const next = this.#future.at(-1)
    if (next === undefined) return
    this.#future = this.#future.slice(0, -1)
    if (this.current !== null) this.#past = [...this.#past, this.current]
    this.current = next
  }

  clear(): void {
    this.current = null
    this.#past = []
    this.#future = []
  }

  is(kind: Selection['kind'], test: (selection: never) => boolean): boolean {
    return this.current?.kind === kind && test(this.current as never)
  }

  isObject(reference: string): boolean {
    return this.current?.kind === 'object' && this.current.reference === reference
  }

  isLink(netns: number, ifindex: number): boolean {
    return this.current?.kind === 'link' && this.current.netns === netns && this.current.ifindex === ifindex
  }
}

export const selection = new SelectionState()
