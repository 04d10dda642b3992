/**
 * Look-ups in the schema of Kubernetes' objects (kubernetes-v1.36.json, made by generate.mjs): which fields a kind has, of which
 * type, which are required, and what they are for. Serves strict field validation, `kubectl explain` and the editor.
 *
 * Truth: the OpenAPI document of Kubernetes 1.36.
 * Omits: enumerations and defaults (the registry of the API server knows them).
 */
import { byText } from '../../base/text-order.ts'

/** The JSON file, as far as this reads it. */
export interface SchemaJson {
  readonly definitions: Readonly<Record<string, unknown>>
}

export type SchemaType = 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean' | 'quantity' | 'int-or-string' | 'any'

export interface GroupVersionKind {
  readonly group: string
  readonly version: string
  readonly kind: string
}

interface RawSchema {
  $ref?: string
  type?: string | string[]
  format?: string
  description?: string
  properties?: Record<string, RawSchema>
  required?: string[]
  items?: RawSchema
  additionalProperties?: RawSchema
  'x-kubernetes-group-version-kind'?: GroupVersionKind[]
}

const REF = '#/definitions/'
const NONE: readonly string[] = Object.freeze([])
const QUANTITY = 'io.k8s.apimachinery.pkg.api.resource.Quantity'

export class Schema {
  readonly #raw: ReadonlyMap<string, RawSchema>
  readonly #nodes = new Map<string, SchemaNode>()
  readonly #byKind = new Map<string, string>()
  readonly #kinds: GroupVersionKind[] = []

  constructor(json: SchemaJson) {
    this.#raw = new Map(Object.entries(json.definitions as Record<string, RawSchema>))
    for (const [name, raw] of this.#raw) {
      for (const kind of raw['x-kubernetes-group-version-kind'] ?? []) {
        this.#byKind.set(`${apiVersionOf(kind)} ${kind.kind}`, name)
        if (!kind.kind.endsWith('List')) this.#kinds.push(kind)
      }
    }
    this.#kinds.sort((a, b) => byText(`${a.group} ${a.version} ${a.kind}`, `${b.group} ${b.version} ${b.kind}`))
  }

  /** Every kind that can be written, in the order of group, version, kind. */
  get kinds(): readonly GroupVersionKind[] {
    return this.#kinds
  }

  /** The versions that have a kind, e.g. `apps/v1` for `Deployment`. */
  apiVersionsOf(kind: string): string[] {
    return this.#kinds.filter((known) => known.kind === kind).map(apiVersionOf)
  }

  forKind(apiVersion: string, kind: string): SchemaNode | undefined {
    const name = this.#byKind.get(`${apiVersion} ${kind}`)
    return name === undefined ? undefined : this.definition(name)
  }

  definition(name: string): SchemaNode | undefined {
    const known = this.#nodes.get(name)
    if (known) return known
    const raw = this.#raw.get(name)
    if (!raw) return undefined
    const node = new SchemaNode(this, raw, name, '')
    this.#nodes.set(name, node)
    return node
  }

  /** The node at a path of field names; a list or map is stepped through without naming an element. */
  fieldOf(apiVersion: string, kind: string, path: readonly string[]): SchemaNode | undefined {
    let node = this.forKind(apiVersion, kind)
    for (const name of path) node = node?.element.field(name)
    return node
  }

  /** For `SchemaNode` alone. */
  resolve(raw: RawSchema): SchemaNode {
    if (raw.$ref === undefined) return new SchemaNode(this, raw, '', '')
    const target = this.definition(raw.$ref.slice(REF.length)) ?? new SchemaNode(this, {}, '', '')
    return raw.description === undefined ? target : target.withDescription(raw.description)
  }
}

export class SchemaNode {
  readonly #schema: Schema
  readonly #raw: RawSchema
  readonly #description: string
  #fields: ReadonlyMap<string, SchemaNode> | null = null
  #items: SchemaNode | null | undefined
  #values: SchemaNode | null | undefined
  /** Name of the definition, or '' for a type that stands in place. */
  readonly name: string

  constructor(schema: Schema, raw: RawSchema, name: string, description: string) {
    this.#schema = schema
    this.#raw = raw
    this.name = name
    this.#description = description
  }

  get description(): string {
    return this.#description || this.#raw.description || ''
  }

  get format(): string {
    return this.#raw.format ?? ''
  }

  get required(): readonly string[] {
    return this.#raw.required ?? NONE
  }

  get type(): SchemaType {
    if (this.name === QUANTITY) return 'quantity'
    if (this.#raw.format === 'int-or-string') return 'int-or-string'
    const type = this.#raw.type
    switch (type) {
      case 'object':
      case 'array':
      case 'string':
      case 'integer':
      case 'number':
      case 'boolean':
        return type
      default:
        return 'any'
    }
  }

  /** The last part of the definition's name: the Go type, e.g. `DeploymentSpec`. */
  get typeName(): string {
    return this.name.slice(this.name.lastIndexOf('.') + 1)
  }

  get kinds(): readonly GroupVersionKind[] {
    return this.#raw['x-kubernetes-group-version-kind'] ?? []
  }

  /** Fields by name, in alphabetical order; empty for maps and for objects without a schema. */
  get fields(): ReadonlyMap<string, SchemaNode> {
    this.#fields ??= new Map(Object.entries(this.#raw.properties ?? {}).map(([name, raw]) => [name, this.#schema.resolve(raw)]))
    return this.#fields
  }

  /** Whether only the named fields may stand here. */
  get closed(): boolean {
    return this.#raw.properties !== undefined && this.fields.size > 0
  }

  field(name: string): SchemaNode | undefined {
    return this.fields.get(name)
  }

  /** Of a list: what it holds. */
  get items(): SchemaNode | null {
    if (this.#items === undefined) this.#items = this.#raw.items ? this.#schema.resolve(this.#raw.items) : null
    return this.#items
  }

  /** Of a map: what its values are. */
  get values(): SchemaNode | null {
    if (this.#values === undefined)
      this.#values = this.#raw.additionalProperties ? this.#schema.resolve(this.#raw.additionalProperties) : null
    return this.#values
  }

  /** The object in the lists and maps around it. */
  get element(): SchemaNode {
    let node: SchemaNode = this
    for (let next = node.items ?? node.values; next; next = node.items ?? node.values) node = next
    return node
  }

  withDescription(description: string): SchemaNode {
    return new SchemaNode(this.#schema, this.#raw, this.name, description)
  }
}

export function apiVersionOf(kind: { group: string; version: string }): string {
  return kind.group === '' ? kind.version : `${kind.group}/${kind.version}`
}
