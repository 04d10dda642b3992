import schemaUrl from '../../core/api/schema/kubernetes-v1.36.json?url'
import { Schema, type SchemaJson } from '../../core/view/manifest-schema.ts'

interface KindName {
  group: string
  version: string
  kind: string
}

export interface LoadedSchema {
  /** For the lint. */
  schema: Schema
  /** For completion and hover: one branch for each apiVersion and kind. */
  json: object
}

/** The API's schema is a file beside the page: fetched when an editor opens, not before. */
export async function loadKubernetesSchema(): Promise<LoadedSchema> {
  const response = await fetch(schemaUrl)
  const json = (await response.json()) as SchemaJson & { definitions: Record<string, { 'x-kubernetes-group-version-kind'?: KindName[] }> }
  const branches: object[] = []
  const apiVersions = new Set<string>()
  const kinds = new Set<string>()
  for (const [name, definition] of Object.entries(json.definitions)) {
    for (const { group, version, kind } of definition['x-kubernetes-group-version-kind'] ?? []) {
      const apiVersion = group === '' ? version : `${group}/${version}`
      // DeleteOptions and the like belong to every group, lists are answers; nobody writes them into a manifest.
      if (/Options$|.List$|^WatchEvent$|^Status$/.test(kind)) continue
      apiVersions.add(apiVersion)
      kinds.add(kind)
      branches.push({
        if: { properties: { apiVersion: { const: apiVersion }, kind: { const: kind } }, required: ['apiVersion', 'kind'] },
        // biome-ignore lint/suspicious/noThenProperty: JSON Schema's word.
        then: { $ref: `#/definitions/${name}` },
      })
    }
  }
  const root = {
    type: 'object',
    required: ['apiVersion', 'kind'],
    properties: { apiVersion: { type: 'string', enum: [...apiVersions] }, kind: { type: 'string', enum: [...kinds] } },
    allOf: branches,
    definitions: json.definitions,
  }
  return { schema: new Schema(json), json: root }
}
