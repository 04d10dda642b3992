/**
 * What the editor underlines in a manifest: problems with line and column, and quick fixes as edits of the text. Pure: text and
 * schema in, diagnostics out. The judgement itself is `core/api/schema/manifest-check.ts`; views word `code` and `parameters`.
 */
import { checkManifest, type ProblemCode } from '../api/schema/manifest-check.ts'
import type { Schema } from '../api/schema/schema.ts'

export { applyEdits } from '../api/schema/manifest-edits.ts'

/** Lines and columns from 1, the end exclusive: Monaco's convention. */
export interface LintRange {
  startLine: number
  startColumn: number
  endLine: number
  endColumn: number
}

export interface LintEdit {
  range: LintRange
  /** The same place as offsets. */
  start: number
  end: number
  text: string
}

export interface LintDiagnostic {
  code: ProblemCode
  severity: 'error' | 'warning'
  range: LintRange
  path: string
  parameters: Readonly<Record<string, string>>
  /** English. */
  message: string
  fix: { title: string; edits: LintEdit[] } | null
}

export function lintManifest(text: string, schema: Schema): LintDiagnostic[] {
  const lines = lineStarts(text)
  const rangeOf = (start: number, end: number): LintRange => {
    const [startLine, startColumn] = place(lines, start)
    const [endLine, endColumn] = place(lines, Math.max(end, start))
    return { startLine, startColumn, endLine, endColumn }
  }
  return checkManifest(text, schema).map((problem) => ({
    code: problem.code,
    severity: problem.severity,
    range: rangeOf(problem.start, trimmedEnd(text, problem.start, problem.end)),
    path: problem.path,
    parameters: problem.parameters,
    message: problem.message,
    fix: problem.fix && {
      title: problem.fix.title,
      edits: problem.fix.edits.map((edit) => ({ ...edit, range: rangeOf(edit.start, edit.end) })),
    },
  }))
}

/** Underlines end with the text, not with the line end behind it. */
function trimmedEnd(text: string, start: number, end: number): number {
  let at = end
  while (at > start + 1 && /\s/.test(text[at - 1] ?? '')) at -= 1
  return at
}

function lineStarts(text: string): number[] {
  const starts = [0]
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return starts
}

function place(lines: readonly number[], offset: number): [line: number, column: number] {
  let low = 0
  let high = lines.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (lines[middle] <= offset) low = middle
    else high = middle - 1
  }
  return [low + 1, offset - lines[low] + 1]
}
