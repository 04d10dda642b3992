/**
 * Everything that the server knows about one resource. A kind is one file of this folder; the machinery around it is generic.
 * Truth: pkg/registry/<group>/<resource>/strategy.go and pkg/printers/internalversion/printers.go of Kubernetes.
 */
import type { FieldError } from '../meta/field-error.ts'
import type { KubeObject } from '../types/index.ts'

export type NameRule = 'subdomain' | 'label' | 'label1035' | 'path'

/** One column of `kubectl get`. Priority 0 always shows, 1 only with `-o wide`. */
export interface Column<T extends KubeObject = KubeObject> {
  name: string
  type: 'string' | 'integer' | 'boolean' | 'date' | 'number'
  format: string
  priority: 0 | 1
  description: string
  value(object: T, nowMs: number): string | number
}

export type Subresource =
  | 'status'
  | 'scale'
  | 'binding'
  | 'eviction'
  | 'finalize'
  | 'ephemeralcontainers'
  | 'resize'
  | 'token'
  | 'log'
  | 'exec'
  | 'attach'
  | 'portforward'
  | 'proxy'

/** A further group version of the same resource, converted to and from the stored one. */
export interface ServedVersion {
  group: string
  version: string
  /** Makes a draft in this version into one in the stored version, in place, and back. */
  toStored(draft: KubeObject): void
  fromStored(draft: KubeObject): void
}

/** What happens to an object between the client and the store: pkg/registry's RESTStrategy. */
export interface Strategy<T extends KubeObject = KubeObject> {
  /** `metadata.generation` counts changes of the spec. */
  generation: boolean
  /** Spec and status are written by different verbs, so that neither can undo the other. */
  statusSubresource: boolean
  /** Clears what a client may not set at creation. Status is cleared already when there is a status subresource. */
  prepareForCreate?(draft: T): void
  prepareForUpdate?(draft: T, old: T): void
  /** How long a deleted object stays, for resources that die gracefully (pods); `requested` by the client, if it did. */
  gracePeriodSeconds?(object: T, requested: number | undefined): number
  /** Propagation of a delete that does not say. */
  defaultPropagation?: 'Background' | 'Orphan'
}

/** Where the `scale` subresource finds its three numbers. */
export interface ScaleShape<T extends KubeObject = KubeObject> {
  replicas(object: T): number
  statusReplicas(object: T): number
  /** Text form of the selector. */
  selector(object: T): string
}

export interface ResourceDefinition<T extends KubeObject = KubeObject> {
  /** `pods`, `deployments.apps`. */
  resource: string
  group: string
  version: string
  otherVersions: readonly ServedVersion[]
  kind: string
  plural: string
  singular: string
  shortNames: readonly string[]
  categories: readonly string[]
  namespaced: boolean
  verbs: readonly string[]
  subresources: readonly Subresource[]
  nameRule: NameRule
  defaults(draft: T): void
  validate(object: T, old?: T): FieldError[]
  strategy: Strategy<T>
  scale?: ScaleShape<T>
  columns: readonly Column<T>[]
  /** Warnings that a client gets with its answer. */
  warnings?(object: T, old?: T): string[]
  /** Fields that a field selector may name beside metadata.name and metadata.namespace. */
  selectableFields: ReadonlyMap<string, (object: T) => string>
}

export const ALL_VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'] as const

export interface DefinitionInput<T extends KubeObject>
  extends Partial<Omit<ResourceDefinition<T>, 'resource' | 'kind' | 'plural' | 'strategy'>> {
  kind: string
  plural: string
  strategy?: Partial<Strategy<T>>
}

/** Fills a definition with what most resources share. */
export function defineResource<T extends KubeObject>(input: DefinitionInput<T>): ResourceDefinition<T> {
  const group = input.group ?? ''
  return {
    group,
    version: 'v1',
    otherVersions: [],
    singular: input.kind.toLowerCase(),
    shortNames: [],
    categories: [],
    namespaced: true,
    verbs: ALL_VERBS,
    subresources: [],
    nameRule: 'subdomain',
    defaults() {},
    validate: () => [],
    columns: nameAndAge<T>(),
    selectableFields: new Map(),
    ...input,
    resource: group === '' ? input.plural : `${input.plural}.${group}`,
    strategy: { generation: false, statusSubresource: false, ...input.strategy },
  }
}

export function groupVersion(definition: { group: string; version: string }): string {
  return definition.group === '' ? definition.version : `${definition.group}/${definition.version}`
}

function nameAndAge<T extends KubeObject>(): Column<T>[] {
  return [nameColumn<T>(), createdColumn<T>()]
}

export function nameColumn<T extends KubeObject>(): Column<T> {
  return {
    name: 'Name',
    type: 'string',
    format: 'name',
    priority: 0,
    value: (o) => o.metadata.name,
    description:
      'Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request the generation of an appropriate name automatically. Name is primarily intended for creation idempotence and configuration definition. Cannot be updated. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names',
  }
}

/** Kinds without a printer of their own show `Created At`; kubectl prints AGE for kinds that define it. */
function createdColumn<T extends KubeObject>(): Column<T> {
  return {
    name: 'Created At',
    type: 'date',
    format: '',
    priority: 0,
    description: 'CreationTimestamp is a timestamp representing the server time when this object was created.',
    value: (o) => o.metadata.creationTimestamp ?? '<unknown>',
  }
}
