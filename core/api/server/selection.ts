/** Which objects of a resource a list or a watch is about: namespace, labels, fields. Compiled once per request. */
import { matchesFields, parseFieldSelector } from '../meta/fields.ts'
import type { FieldTerm } from '../meta/fields.ts'
import { matchesSelector, parseSelector } from '../meta/labels.ts'
import type { Requirement } from '../meta/labels.ts'
import { StatusError } from '../meta/status.ts'
import type { ResourceDefinition } from '../registry/definition.ts'
import type { KubeObject } from '../types/index.ts'
import type { ListOptions } from './call.ts'

export interface Selection {
  namespace: string
  matches(object: KubeObject): boolean
  /** An equality that must hold, by which watches are indexed. */
  pinned: FieldTerm | undefined
}

export function compileSelection(definition: ResourceDefinition, options: ListOptions): Selection {
  const namespace = definition.namespaced ? (options.namespace ?? '') : ''
  const labels = options.labelSelector ? parsedLabels(options.labelSelector) : []
  const fields = options.fieldSelector ? parsedFields(definition, options.fieldSelector) : []
  const matches = (object: KubeObject): boolean =>
    (namespace === '' || object.metadata.namespace === namespace) &&
    (labels.length === 0 || matchesSelector(labels, object.metadata.labels)) &&
    (fields.length === 0 || matchesFields(fields, (field) => readField(definition, object, field)))
  return { namespace, matches, pinned: fields.find((t) => t.equal) }
}

export function readField(definition: ResourceDefinition, object: KubeObject, field: string): string | undefined {
  if (field === 'metadata.name') return object.metadata.name
  if (field === 'metadata.namespace') return object.metadata.namespace ?? ''
  return definition.selectableFields.get(field)?.(object)
}

function parsedLabels(text: string): readonly Requirement[] {
  const parsed = parseSelector(text)
  if (typeof parsed === 'string') throw StatusError.badRequest(`unable to parse requirement: ${parsed}`)
  return parsed
}

function parsedFields(definition: ResourceDefinition, text: string): FieldTerm[] {
  const parsed = parseFieldSelector(text)
  if (typeof parsed === 'string') throw StatusError.badRequest(parsed)
  for (const term of parsed) {
    if (term.field === 'metadata.name' || term.field === 'metadata.namespace' || definition.selectableFields.has(term.field)) continue
    const why =
      definition.selectableFields.size > 0
        ? `field label not supported: ${term.field}`
        : `"${term.field}" is not a known field selector: only "metadata.name", "metadata.namespace"`
    const message = `Unable to find ${JSON.stringify(`${definition.group}/${definition.version}, Resource=${definition.plural}`)} that match label selector "", field selector ${JSON.stringify(text)}: ${why}`
    throw StatusError.badRequest(message)
  }
  return parsed
}
