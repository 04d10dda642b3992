/**
 * A client of the API with a name (its user agent). All answers are deep-frozen and shared: clone before changing.
 * Calls answer at once; only watches take time (the server delivers them on the Clock).
 */
import type { ApiServer } from '../server/api-server.ts'
import type { Call, DeleteOptions, ListOptions, PatchRequest, WatchOptions, WriteOptions } from '../server/call.ts'
import type { ExecHandlers, ExecOptions, ExecSession, LogOptions } from '../server/kubelet-endpoint.ts'
import type { KubeList, KubeObject, WatchEvent } from '../types/index.ts'

export class ApiClient {
  readonly server: ApiServer
  readonly actor: string
  /** Warnings of the last call. */
  warnings: string[] = []

  constructor(server: ApiServer, actor: string) {
    this.server = server
    this.actor = actor
  }

  get<T extends KubeObject = KubeObject>(resource: string, namespace: string, name: string): T {
    return this.server.get(this.#call(), resource, namespace, name) as T
  }

  /** Like `get`, but undefined when there is no such object. */
  find<T extends KubeObject = KubeObject>(resource: string, namespace: string, name: string): T | undefined {
    return this.server.find(this.#call(), resource, namespace, name) as T | undefined
  }

  list<T extends KubeObject = KubeObject>(resource: string, options: ListOptions = {}): KubeList<T> {
    return this.server.list(this.#call(), resource, options) as KubeList<T>
  }

  create<T extends KubeObject = KubeObject>(resource: string, namespace: string, object: object, options: WriteOptions = {}): T {
    return this.server.create(this.#call(options), resource, namespace, object) as T
  }

  /** Replaces the object; its metadata names it. */
  update<T extends KubeObject = KubeObject>(resource: string, object: KubeObject, options: WriteOptions = {}): T {
    return this.server.update(this.#call(options), resource, object, '') as T
  }

  updateStatus<T extends KubeObject = KubeObject>(resource: string, object: KubeObject, options: WriteOptions = {}): T {
    return this.server.update(this.#call(options), resource, object, 'status') as T
  }

  patch<T extends KubeObject = KubeObject>(resource: string, namespace: string, name: string, patch: PatchRequest): T {
    return this.server.patch(this.#call(patch), resource, namespace, name, patch) as T
  }

  /** Answers the deleted object, or the object with a deletionTimestamp when it has to die gracefully first. */
  delete(resource: string, namespace: string, name: string, options: DeleteOptions = {}): KubeObject {
    return this.server.delete(this.#call(options), resource, namespace, name, options)
  }

  deleteCollection(resource: string, selection: ListOptions, options: DeleteOptions = {}): KubeList {
    return this.server.deleteCollection(this.#call(options), resource, selection, options)
  }

  /** `scale` (get, put), `binding` and `eviction` (post), and the others that a resource has. */
  subresource<T extends KubeObject = KubeObject>(
    resource: string,
    namespace: string,
    name: string,
    subresource: string,
    method: 'get' | 'create' | 'update',
    body?: object,
    options: WriteOptions = {},
  ): T {
    return this.server.subresource(this.#call(options), resource, namespace, name, subresource, method, body) as T
  }

  /** Calls `handler` on the Clock for each change; the returned function ends the watch. */
  watch<T extends KubeObject = KubeObject>(resource: string, options: WatchOptions, handler: (event: WatchEvent<T>) => void): () => void {
    return this.server.watch(this.#call(), resource, options, handler as (event: WatchEvent) => void)
  }

  /** Starts a command in a container through the kubelet of the pod's node. Throws StatusError. */
  exec(namespace: string, pod: string, container: string, command: string[], options: ExecOptions, handlers: ExecHandlers): ExecSession {
    return this.server.exec(this.#call(), namespace, pod, container, command, options, handlers)
  }

  attach(namespace: string, pod: string, container: string, options: ExecOptions, handlers: ExecHandlers): ExecSession {
    return this.server.attach(this.#call(), namespace, pod, container, options, handlers)
  }

  /** Streams a container's log; the returned function ends it. */
  logs(
    namespace: string,
    pod: string,
    container: string,
    options: LogOptions,
    onText: (text: string) => void,
    onEnd: () => void,
  ): () => void {
    return this.server.logs(this.#call(), namespace, pod, container, options, onText, onEnd)
  }

  portForward(namespace: string, pod: string, port: number): unknown {
    return this.server.portForward(this.#call(), namespace, pod, port)
  }

  #call(options?: WriteOptions & { force?: boolean }): Call {
    this.warnings = []
    return {
      actor: this.actor,
      warnings: this.warnings,
      fieldManager: options?.fieldManager,
      fieldValidation: options?.fieldValidation,
      dryRun: options?.dryRun,
      force: options?.force,
    }
  }
}
