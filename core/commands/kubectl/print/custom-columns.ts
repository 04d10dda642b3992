/** `-o custom-columns=NAME:.metadata.name,…`. Truth: k8s.io/kubectl/pkg/cmd/get/customcolumn.go. */
import { JsonPath, relaxedPath } from '../jsonpath.ts'
import { formatGoDefault } from './go-value.ts'

export interface CustomColumn {
  header: string
  path: JsonPath
}

/** The columns, or a complaint. */
export function parseCustomColumns(spec: string): CustomColumn[] | string {
  if (spec === '') return 'custom-columns format specified but no custom columns given'
  const columns: CustomColumn[] = []
  for (const part of spec.split(/,(?![^[]*\])/)) {
    const colon = part.indexOf(':')
    if (colon < 0) return `unexpected custom-columns spec: ${part}, expected <header>:<json-path-expr>`
    const path = JsonPath.parse(relaxedPath(part.slice(colon + 1)))
    if (typeof path === 'string') return path
    columns.push({ header: part.slice(0, colon), path })
  }
  return columns
}

/** A file of two lines: headers, and the paths below them. */
export function parseCustomColumnsFile(text: string): CustomColumn[] | string {
  const [headers, paths] = text.split('\n').map((line) => line.trim().split(/\s+/))
  if (!headers || !paths || headers.length !== paths.length)
    return `number of headers (${headers?.length ?? 0}) and field specifications (${paths?.length ?? 0}) don't match`
  return parseCustomColumns(headers.map((header, i) => `${header}:${paths[i]}`).join(','))
}

export function customRow(columns: readonly CustomColumn[], object: unknown): string {
  return columns
    .map((column) => {
      const values = column.path.values(object)
      if ('error' in values || values.length === 0) return '<none>'
      return (values as unknown[]).map((value) => (value === null ? '<none>' : formatGoDefault(value))).join(',')
    })
    .join('\t')
}
