/** meta.k8s.io/v1 Table: what `kubectl get` prints, made by the server from a resource's printer columns. */
import type { ResourceDefinition } from '../registry/definition.ts'
import type { KubeObject, ListMeta } from '../types/index.ts'

export interface TableColumn {
  name: string
  type: string
  format: string
  description: string
  priority: number
}

export interface Table {
  kind: 'Table'
  apiVersion: 'meta.k8s.io/v1'
  metadata: Partial<ListMeta>
  columnDefinitions: TableColumn[]
  rows: { cells: (string | number)[]; object?: object }[]
}

/** `include`: how much of each object goes with its row. */
export function renderTable(
  definition: ResourceDefinition,
  objects: readonly KubeObject[],
  nowMs: number,
  metadata: Partial<ListMeta> = {},
  include: 'None' | 'Metadata' | 'Object' = 'Metadata',
): Table {
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata,
    columnDefinitions: definition.columns.map(({ name, type, format, description, priority }) => ({
      name,
      type,
      format,
      description,
      priority,
    })),
    rows: objects.map((object) => {
      const cells = definition.columns.map((column) => column.value(object, nowMs))
      if (include === 'None') return { cells }
      return { cells, object: include === 'Object' ? object : partialMetadata(object) }
    }),
  }
}

export function partialMetadata(object: KubeObject): object {
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata }
}
