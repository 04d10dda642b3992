/**
 * Go's text/tabwriter, left-aligned with spaces: cells that end in a tab form columns with the cells directly above and below
 * them; a line without such a cell ends the column.
 *
 * Truth: text/tabwriter (Writer.format). kubectl's tables are made with (6, 4, 3), its descriptions with (0, 8, 2).
 */
export interface TabStyle {
  readonly minWidth: number
  readonly padding: number
}

export const TABLE_STYLE: TabStyle = { minWidth: 6, padding: 3 }
export const DESCRIBE_STYLE: TabStyle = { minWidth: 0, padding: 2 }

export function tabbed(text: string, style: TabStyle): string {
  return new TabWriter(style).format(text)
}

/** Keeps its column widths from one piece of text to the next, for rows that come one by one. */
export class TabWriter {
  readonly #style: TabStyle
  readonly #remember: boolean
  readonly #widths: number[] = []

  constructor(style: TabStyle, remember = false) {
    this.#style = style
    this.#remember = remember
  }

  format(text: string): string {
    const ended = text.endsWith('\n')
    const lines = (ended ? text.slice(0, -1) : text).split('\n').map((line) => line.split('\t'))
    const out: string[] = []
    this.#block(lines, 0, lines.length, [], out)
    return out.join('\n') + (ended ? '\n' : '')
  }

  #block(lines: readonly string[][], from: number, to: number, widths: readonly number[], out: string[]): void {
    const column = widths.length
    let start = from
    for (let at = from; at < to; at += 1) {
      if (column >= lines[at].length - 1) continue
      for (let i = start; i < at; i += 1) out.push(line(lines[i], widths))
      let width = Math.max(this.#style.minWidth, this.#remember ? (this.#widths[column] ?? 0) : 0)
      let end = at
      for (; end < to && column < lines[end].length - 1; end += 1)
        width = Math.max(width, textWidth(lines[end][column]) + this.#style.padding)
      if (this.#remember) this.#widths[column] = width
      this.#block(lines, at, end, [...widths, width], out)
      start = end
      at = end
    }
    for (let i = start; i < to; i += 1) out.push(line(lines[i], widths))
  }
}

function line(cells: readonly string[], widths: readonly number[]): string {
  let text = ''
  for (let i = 0; i < cells.length; i += 1) {
    text += cells[i]
    if (i < widths.length && i < cells.length - 1) text += ' '.repeat(Math.max(0, widths[i] - textWidth(cells[i])))
  }
  return text
}

/** Runes, as Go counts. */
function textWidth(text: string): number {
  let width = 0
  for (const _ of text) width += 1
  return width
}
