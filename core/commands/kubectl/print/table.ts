/**
 * `kubectl get`'s tables from the printer columns of the resource.
 * Truth: k8s.io/cli-runtime/pkg/printers/tableprinter.go, k8s.io/kubectl/pkg/cmd/get/get.go.
 */
import type { ResourceDefinition } from '../../../api/registry/definition.ts'
import type { KubeObject } from '../../../api/types/index.ts'
import { byText } from '../../../base/text-order.ts'
import { typeName } from '../resource-types.ts'
import { TABLE_STYLE, TabWriter } from './tab-writer.ts'

export interface TableOptions {
  wide: boolean
  noHeaders: boolean
  withNamespace: boolean
  withKind: boolean
  showLabels: boolean
  labelColumns: readonly string[]
}

export class Table {
  readonly #definition: ResourceDefinition
  readonly #options: TableOptions
  readonly #writer = new TabWriter(TABLE_STYLE, true)
  #headed = false

  constructor(definition: ResourceDefinition, options: TableOptions) {
    this.#definition = definition
    this.#options = options
  }

  /** The rows of these objects, with the heading the first time. */
  rows(objects: readonly KubeObject[], nowMs: number, events?: readonly string[]): string {
    const columns = this.#definition.columns.filter((column) => this.#options.wide || column.priority === 0)
    const lines: string[] = []
    if (!this.#headed && !this.#options.noHeaders) {
      const labels = this.#options.labelColumns.map((label) => label.slice(label.lastIndexOf('/') + 1))
      lines.push(
        [
          ...(events ? ['EVENT'] : []),
          ...(this.#options.withNamespace ? ['NAMESPACE'] : []),
          ...columns.map((column) => column.name),
          ...labels,
          ...(this.#options.showLabels ? ['LABELS'] : []),
        ]
          .map((name) => name.toUpperCase())
          .join('\t'),
      )
    }
    this.#headed = true
    objects.forEach((object, i) => {
      const cells = columns.map((column, at) => {
        const text = cellText(column.value(object, nowMs))
        return at === 0 && this.#options.withKind ? `${typeName(this.#definition)}/${text}` : text
      })
      const labels = object.metadata.labels ?? {}
      lines.push(
        [
          ...(events ? [events[i]] : []),
          ...(this.#options.withNamespace ? [object.metadata.namespace ?? ''] : []),
          ...cells,
          ...this.#options.labelColumns.map((label) => labels[label] ?? ''),
          ...(this.#options.showLabels ? [labelsText(labels)] : []),
        ].join('\t'),
      )
    })
    return lines.length === 0 ? '' : this.#writer.format(`${lines.join('\n')}\n`)
  }
}

/** A cell stays on its line. */
function cellText(value: string | number): string {
  const text = String(value)
  const end = text.search(/[\f\n\r]/)
  return end < 0 ? text : `${text.slice(0, end)}...`
}

export function labelsText(labels: Readonly<Record<string, string>> | undefined): string {
  const keys = Object.keys(labels ?? {}).sort(byText)
  return keys.length === 0 ? '<none>' : keys.map((key) => `${key}=${(labels as Record<string, string>)[key]}`).join(',')
}
