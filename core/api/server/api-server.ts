/**
 * The Kubernetes API server: decode, default, admit, validate, store; then watches on the Clock.
 * Omits: authentication, authorisation (RBAC objects are stored, everybody may do everything), admission webhooks, API priority.
 */
import type { Clock } from '../../sim/clock.ts'
import { StatusError } from '../meta/status.ts'
import type { ResourceDefinition } from '../registry/definition.ts'
import type { Store } from '../store/store.ts'
import type { KubeList, KubeObject, Pod, WatchEvent } from '../types/index.ts'
import type { ApiRequest, ApiResponse, Call, DeleteOptions, ListOptions, PatchRequest, WatchOptions } from './call.ts'
import { decode } from './decode.ts'
import { deleteObject } from './delete.ts'
import type { ExecHandlers, ExecOptions, ExecSession, KubeletEndpoint, LogOptions } from './kubelet-endpoint.ts'
import { listObjects } from './list.ts'
import { patchObject } from './patch-object.ts'
import { handleRequest, handleWatchRequest } from './rest.ts'
import { ServerState, resourceName } from './server-state.ts'
import type { ApiServerOptions, Resolved } from './server-state.ts'
import { checkRunnable, orThrow, streamTarget } from './streams.ts'
import { scaleOf, subresourceObject } from './subresource.ts'
import { convertOut } from './versions.ts'
import { createObject, updateObject } from './write.ts'

export type { ApiServerOptions } from './server-state.ts'

export class ApiServer {
  readonly clock: Clock
  readonly clusterDomain: string
  /** Definitions behind /openapi/v3; without them the server has no such document. */
  readonly schemaDefinitions: Readonly<Record<string, unknown>> | undefined
  readonly #state: ServerState
  readonly #kubelets = new Map<string, KubeletEndpoint>()
  #available = true

  constructor(options: ApiServerOptions) {
    this.clock = options.clock
    this.clusterDomain = options.clusterDomain ?? 'cluster.local'
    this.schemaDefinitions = options.schemaDefinitions
    this.#state = new ServerState(options)
  }

  /** All resources, in the order of discovery. */
  get registry(): readonly ResourceDefinition[] {
    return this.#state.registry
  }

  /** For reading only: writes go through the verbs. */
  get store(): Store {
    return this.#state.store
  }

  /** Wall-clock milliseconds of now. */
  get nowMs(): number {
    return this.#state.nowMs
  }

  get epochMs(): number {
    return this.#state.epochMs
  }

  /** False while the server's process does not run: every call fails with ServiceUnavailable, every watch has ended. */
  get available(): boolean {
    return this.#available
  }

  set available(value: boolean) {
    this.#available = value
    if (!value) this.#state.hub.closeAll()
  }

  /** Ends all watches with 410, as after a jump in time. */
  expireWatches(): void {
    this.#state.hub.closeAll()
  }

  registerKubelet(node: string, endpoint: KubeletEndpoint | null): void {
    if (endpoint) this.#kubelets.set(node, endpoint)
    else this.#kubelets.delete(node)
  }

  /** The definition of `pods` or `deployments.apps`; undefined when there is none. */
  definition(resource: string): ResourceDefinition | undefined {
    return this.#state.lookup(resource)?.definition
  }

  /** The definition that serves an object's apiVersion and kind. */
  definitionForKind(apiVersion: string, kind: string): ResourceDefinition | undefined {
    return this.#state.forKind(apiVersion, kind)?.definition
  }

  get(_call: Call, resource: string, namespace: string, name: string): KubeObject {
    const { definition, served } = this.#resolve(resource)
    return convertOut(this.#state.existing(definition, namespace, name), served)
  }

  find(_call: Call, resource: string, namespace: string, name: string): KubeObject | undefined {
    const { definition, served } = this.#resolve(resource)
    const found = this.#state.store.get(definition.resource, definition.namespaced ? namespace : '', name)
    return found && convertOut(found, served)
  }

  list(_call: Call, resource: string, options: ListOptions): KubeList {
    return listObjects(this.#state, this.#resolve(resource), options)
  }

  create(call: Call, resource: string, namespace: string, object: object): KubeObject {
    const { definition, served } = this.#resolve(resource)
    const draft = decode(this.#state.schema, definition, object, call)
    return convertOut(createObject(this.#state, call, definition, namespace, draft), served)
  }

  update(call: Call, resource: string, object: KubeObject, subresource: '' | 'status'): KubeObject {
    const { definition, served } = this.#resolve(resource)
    if (subresource === 'status' && !definition.strategy.statusSubresource) throw StatusError.unknownPath()
    const draft = decode(this.#state.schema, definition, object, call)
    const old = this.#state.existing(definition, draft.metadata.namespace ?? '', draft.metadata.name)
    return convertOut(updateObject(this.#state, call, definition, old, draft, subresource), served)
  }

  patch(call: Call, resource: string, namespace: string, name: string, patch: PatchRequest): KubeObject {
    const resolved = this.#resolve(resource)
    const { definition } = resolved
    if (patch.subresource === 'scale') {
      const scale = scaleOf(definition, this.#state.existing(definition, namespace, name))
      const body = patch.body as { spec?: { replicas?: number }; metadata?: { resourceVersion?: string } }
      const replicas = body?.spec?.replicas ?? scale.spec.replicas
      const wanted = { ...scale, metadata: { ...scale.metadata, resourceVersion: body?.metadata?.resourceVersion }, spec: { replicas } }
      return subresourceObject(this.#state, call, definition, namespace, name, 'scale', 'update', wanted)
    }
    if (patch.subresource === 'ephemeralcontainers') {
      const draft = patchObject(this.#state, { ...call, dryRun: true }, resolved, namespace, name, { ...patch, subresource: undefined })
      return subresourceObject(this.#state, call, definition, namespace, name, 'ephemeralcontainers', 'update', draft)
    }
    return convertOut(patchObject(this.#state, call, resolved, namespace, name, patch), resolved.served)
  }

  delete(call: Call, resource: string, namespace: string, name: string, options: DeleteOptions): KubeObject {
    return this.deleteWithOutcome(call, resource, namespace, name, options).object
  }

  /** Like `delete`, and tells whether the object has gone. */
  deleteWithOutcome(
    call: Call,
    resource: string,
    namespace: string,
    name: string,
    options: DeleteOptions,
  ): { object: KubeObject; gone: boolean } {
    const { definition } = this.#resolve(resource)
    return deleteObject(this.#state, call, definition, namespace, name, options)
  }

  deleteCollection(call: Call, resource: string, selection: ListOptions, options: DeleteOptions): KubeList {
    const { definition } = this.#resolve(resource)
    if (!definition.verbs.includes('deletecollection')) throw StatusError.methodNotSupported(resourceName(definition), 'deletecollection')
    const list = this.list(call, resource, selection)
    const items = list.items.map(
      (o) => deleteObject(this.#state, call, definition, o.metadata.namespace ?? '', o.metadata.name, options).object,
    )
    return { items, metadata: list.metadata }
  }

  subresource(
    call: Call,
    resource: string,
    namespace: string,
    name: string,
    subresource: string,
    method: string,
    body?: object,
  ): KubeObject {
    const { definition } = this.#resolve(resource)
    return subresourceObject(this.#state, call, definition, namespace, name, subresource, method, body)
  }

  watch(_call: Call, resource: string, options: WatchOptions, handler: (event: WatchEvent) => void): () => void {
    const { definition, served } = this.#resolve(resource)
    const converted = served
      ? (event: WatchEvent) => handler(event.type === 'ERROR' ? event : { ...event, object: convertOut(event.object, served) })
      : handler
    return this.#state.hub.watch(definition, options, converted)
  }

  exec(
    call: Call,
    namespace: string,
    pod: string,
    container: string,
    command: string[],
    options: ExecOptions,
    handlers: ExecHandlers,
  ): ExecSession {
    const found = this.get(call, 'pods', namespace, pod) as Pod
    checkRunnable(found)
    const target = streamTarget(found, container, this.#kubelets)
    return orThrow(target.kubelet.exec(namespace, pod, target.container, command, options, handlers))
  }

  attach(call: Call, namespace: string, pod: string, container: string, options: ExecOptions, handlers: ExecHandlers): ExecSession {
    const found = this.get(call, 'pods', namespace, pod) as Pod
    checkRunnable(found)
    const target = streamTarget(found, container, this.#kubelets)
    return orThrow(target.kubelet.attach(namespace, pod, target.container, options, handlers))
  }

  logs(
    call: Call,
    namespace: string,
    pod: string,
    container: string,
    options: LogOptions,
    onText: (text: string) => void,
    onEnd: () => void,
  ): () => void {
    const target = streamTarget(this.get(call, 'pods', namespace, pod) as Pod, container, this.#kubelets)
    return orThrow(target.kubelet.logs(namespace, pod, target.container, options, onText, onEnd))
  }

  portForward(call: Call, namespace: string, pod: string, port: number): unknown {
    const found = this.get(call, 'pods', namespace, pod) as Pod
    const target = streamTarget(found, found.spec.containers[0]!.name, this.#kubelets)
    return orThrow(target.kubelet.portForward(namespace, pod, port))
  }

  /** A REST request: outside clients, `kubectl get --raw`. Never throws a StatusError: a refusal is an answer. */
  request(request: ApiRequest): ApiResponse {
    return handleRequest(this, request)
  }

  /** A `watch=true` request: events until the returned function is called; an `ApiResponse` is a refusal. */
  watchRequest(request: ApiRequest, onEvent: (event: WatchEvent) => void): (() => void) | ApiResponse {
    return handleWatchRequest(this, request, onEvent)
  }

  #resolve(resource: string): Resolved {
    if (!this.#available) throw StatusError.unavailable()
    return this.#state.resolve(resource)
  }
}
