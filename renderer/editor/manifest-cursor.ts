import { LineCounter, parseAllDocuments, isMap, isScalar, type Document } from 'yaml'

export interface CursorObject {
  kind: string
  namespace: string
  name: string
  /** Scalars on the cursor's line: `31002`, `tomcat-service`. */
  words: string[]
  /** Fields of the line: `nodePort`. */
  field: string
}

const BYTES_MAX = 1 << 20

/** The object whose manifest the cursor stands in. */
export function objectAt(text: string, line: number): CursorObject | null {
  if (text.length > BYTES_MAX) return null
  const lines = new LineCounter()
  const documents = parseAllDocuments(text, { lineCounter: lines, version: '1.1', strict: false })
  if (!Array.isArray(documents)) return null
  const found = (documents as Document.Parsed[]).findLast((document) => lines.linePos(document.range[0]).line <= line) ?? documents[0]
  if (found === undefined || !isMap(found.contents)) return null
  const scalar = (path: string[]) => {
    const value = found.getIn(path, true)
    return isScalar(value) && value.value !== null ? String(value.value) : ''
  }
  const kind = scalar(['kind'])
  const name = scalar(['metadata', 'name'])
  if (kind === '' || name === '') return null
  const source = text.split('\n')[line - 1] ?? ''
  const match = /^[\s-]*([\w./-]+):\s*(.*)$/.exec(source)
  const value = (match?.[2] ?? '')
    .replace(/\s+#.*$/, '')
    .replace(/^["']|["']$/g, '')
    .trim()
  return { kind, name, namespace: scalar(['metadata', 'namespace']), field: match?.[1] ?? '', words: value === '' ? [] : [value] }
}
