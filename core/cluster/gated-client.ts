/**
 * An API client behind a network that may be cut: of a kubelet, or of a pod's program. While its machine cannot reach the API
 * server, calls fail as they do when the server does not answer, and watches fall silent; when it is back, watches end, so that
 * informers list again.
 *
 * Omits: the bytes on the wire; reachability is asked of cables and machines, not of packets.
 */
import { ApiClient } from '../api/client/api-client.ts'
import { StatusError } from '../api/meta/status.ts'
import type { ApiServer } from '../api/server/api-server.ts'
import type { KubeList, KubeObject, WatchEvent } from '../api/types/index.ts'

type Options<M extends keyof ApiClient> = ApiClient[M] extends (...args: infer A) => unknown ? A : never

/** One for each machine: knows whether the server can be reached, and who waits for it to be. */
export class ApiGate {
  readonly #reachable: () => boolean
  readonly #reopened = new Set<() => void>()
  #closed = false

  constructor(reachable: () => boolean) {
    this.#reachable = reachable
  }

  get open(): boolean {
    const open = this.#reachable()
    if (!open) this.#closed = true
    return open
  }

  /** Throws when the server cannot be reached; ends the stale watches at the first call that gets through again. */
  pass(): void {
    if (!this.open) throw StatusError.unavailable()
    if (!this.#closed) return
    this.#closed = false
    for (const listener of [...this.#reopened]) listener()
  }

  onReopened(listener: () => void): () => void {
    this.#reopened.add(listener)
    return () => this.#reopened.delete(listener)
  }
}

export class GatedClient extends ApiClient {
  readonly #gate: ApiGate

  constructor(server: ApiServer, actor: string, gate: ApiGate) {
    super(server, actor)
    this.#gate = gate
  }

  override get<T extends KubeObject = KubeObject>(...args: Options<'get'>): T {
    this.#gate.pass()
    return super.get<T>(...args)
  }

  override find<T extends KubeObject = KubeObject>(...args: Options<'find'>): T | undefined {
    this.#gate.pass()
    return super.find<T>(...args)
  }

  override list<T extends KubeObject = KubeObject>(...args: Options<'list'>): KubeList<T> {
    this.#gate.pass()
    return super.list<T>(...args)
  }

  override create<T extends KubeObject = KubeObject>(...args: Options<'create'>): T {
    this.#gate.pass()
    return super.create<T>(...args)
  }

  override update<T extends KubeObject = KubeObject>(...args: Options<'update'>): T {
    this.#gate.pass()
    return super.update<T>(...args)
  }

  override updateStatus<T extends KubeObject = KubeObject>(...args: Options<'updateStatus'>): T {
    this.#gate.pass()
    return super.updateStatus<T>(...args)
  }

  override patch<T extends KubeObject = KubeObject>(...args: Options<'patch'>): T {
    this.#gate.pass()
    return super.patch<T>(...args)
  }

  override delete(...args: Options<'delete'>): KubeObject {
    this.#gate.pass()
    return super.delete(...args)
  }

  override watch<T extends KubeObject = KubeObject>(
    resource: string, options: Options<'watch'>[1], handler: (event: WatchEvent<T>) => void,
  ): () => void {
    this.#gate.pass()
    const gate = this.#gate
    let over = false
    const end = super.watch<T>(resource, options, (event) => {
      // What came while the cable was out never arrives: the list after the next contact brings it.
      if (gate.open) handler(event)
    })
    const forget = gate.onReopened(() => {
      stop()
      handler({ type: 'ERROR', object: StatusError.expired('the connection to the server was lost').status as unknown as T })
    })
    const stop = (): void => {
      if (over) return
      over = true
      forget()
      end()
    }
    return stop
  }
}
