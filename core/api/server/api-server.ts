/**
 * The Kubernetes API server: decode, default, admit, validate, store; then watches on the Clock.
 * Omits: authentication, authorisation (RBAC objects are stored, everybody may do everything), admission webhooks.
 */
import { Bug } from '../../base/assert.ts'
import type { Clock } from '../../sim/clock.ts'
import type { RandomStreams } from '../../sim/random.ts'
import type { Trace } from '../../sim/trace.ts'
import type { ResourceDefinition } from '../registry/definition.ts'
import type { KubeList, KubeObject, WatchEvent } from '../types/index.ts'
import type { ApiRequest, ApiResponse, Call, DeleteOptions, ListOptions, PatchRequest, WatchOptions } from './call.ts'
import type { ExecHandlers, ExecOptions, ExecSession, KubeletEndpoint, LogOptions } from './kubelet-endpoint.ts'

export interface ApiServerOptions {
  clock: Clock
  random: RandomStreams
  trace: Trace
  /** Wall-clock milliseconds of virtual time 0. */
  epochMs: number
  /** `core/api/schema/kubernetes-v1.36.json`; without it fields are not checked. */
  schema?: { definitions: Record<string, unknown> }
  /** Primary first. */
  serviceCidrs?: string[]
  nodePortRange?: { from: number; to: number }
  clusterDomain?: string
}

export class ApiServer {
  readonly clock: Clock
  readonly registry: ResourceDefinition[] = []
  readonly clusterDomain: string
  available = true

  constructor(options: ApiServerOptions) {
    this.clock = options.clock
    this.clusterDomain = options.clusterDomain ?? 'cluster.local'
  }

  get nowMs(): number { throw new Bug('not yet') }
  registerKubelet(node: string, endpoint: KubeletEndpoint): void { throw new Bug('not yet') }
  /** The definition of `pods` or `deployments.apps`; undefined when there is none. */
  definition(resource: string): ResourceDefinition | undefined { throw new Bug('not yet') }
  /** The definition that serves an object's apiVersion and kind. */
  definitionForKind(apiVersion: string, kind: string): ResourceDefinition | undefined { throw new Bug('not yet') }
  get(call: Call, resource: string, namespace: string, name: string): KubeObject { throw new Bug('not yet') }
  find(call: Call, resource: string, namespace: string, name: string): KubeObject | undefined { throw new Bug('not yet') }
  list(call: Call, resource: string, options: ListOptions): KubeList { throw new Bug('not yet') }
  create(call: Call, resource: string, namespace: string, object: object): KubeObject { throw new Bug('not yet') }
  update(call: Call, resource: string, object: KubeObject, subresource: '' | 'status'): KubeObject { throw new Bug('not yet') }
  patch(call: Call, resource: string, namespace: string, name: string, patch: PatchRequest): KubeObject { throw new Bug('not yet') }
  delete(call: Call, resource: string, namespace: string, name: string, options: DeleteOptions): KubeObject { throw new Bug('not yet') }
  deleteCollection(call: Call, resource: string, selection: ListOptions, options: DeleteOptions): KubeList { throw new Bug('not yet') }
  subresource(call: Call, resource: string, namespace: string, name: string, subresource: string, method: string, body?: object): KubeObject { throw new Bug('not yet') }
  watch(call: Call, resource: string, options: WatchOptions, handler: (event: WatchEvent) => void): () => void { throw new Bug('not yet') }
  exec(call: Call, namespace: string, pod: string, container: string, command: string[], options: ExecOptions, handlers: ExecHandlers): ExecSession { throw new Bug('not yet') }
  attach(call: Call, namespace: string, pod: string, container: string, options: ExecOptions, handlers: ExecHandlers): ExecSession { throw new Bug('not yet') }
  logs(call: Call, namespace: string, pod: string, container: string, options: LogOptions, onText: (text: string) => void, onEnd: () => void): () => void { throw new Bug('not yet') }
  portForward(call: Call, namespace: string, pod: string, port: number): unknown { throw new Bug('not yet') }
  request(request: ApiRequest): ApiResponse { throw new Bug('not yet') }
  /** A `watch=true` request: events until the returned function is called; an `ApiResponse` is a refusal. */
  watchRequest(request: ApiRequest, onEvent: (event: WatchEvent) => void): (() => void) | ApiResponse { throw new Bug('not yet') }
}
