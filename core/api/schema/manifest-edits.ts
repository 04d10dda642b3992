/** Edits of a manifest's text: how a quick fix changes it. Offsets are of the text before any edit. */
import type { YamlEntry } from '../../base/yaml-gate.ts'

export interface TextEdit {
  readonly start: number
  readonly end: number
  readonly text: string
}

/** The text with all edits done; edits must not overlap. */
export function applyEdits(text: string, edits: readonly TextEdit[]): string {
  const ordered = [...edits].sort((a, b) => b.start - a.start || b.end - a.end)
  let result = text
  for (const edit of ordered) result = result.slice(0, edit.start) + edit.text + result.slice(edit.end)
  return result
}

/** Moves an entry of a block map with all its lines to another column. Null where it has no lines of its own (flow maps). */
export function moveToColumn(text: string, entry: YamlEntry, to: number): TextEdit[] | null {
  const from = columnOf(text, entry.keyStart)
  const firstLine = lineStart(text, entry.keyStart)
  if (text.slice(firstLine, entry.keyStart).trim() !== '') return null
  const end = Math.max(entry.value.end, entry.keyEnd)
  const edits: TextEdit[] = []
  for (let at = firstLine; at < end && at < text.length; ) {
    const next = text.indexOf('\n', at)
    const line = text.slice(at, next < 0 ? text.length : next)
    if (line.trim() !== '') {
      if (to > from) edits.push({ start: at, end: at, text: ' '.repeat(to - from) })
      else if (line.startsWith(' '.repeat(from - to))) edits.push({ start: at, end: at + from - to, text: '' })
    }
    if (next < 0) break
    at = next + 1
  }
  return edits
}

export function lineStart(text: string, offset: number): number {
  return text.lastIndexOf('\n', offset - 1) + 1
}

export function columnOf(text: string, offset: number): number {
  return offset - lineStart(text, offset)
}
