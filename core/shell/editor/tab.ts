/** What Tab does to a line, given the candidates: the common beginning, quoting, the list in columns. readline(3) COMPLETION. */
import { byText } from '../../base/text-order.ts'
import { textWidth } from '../../linux/char-width.ts'

export interface Candidates {
  /** Where the word that is completed begins in the line. */
  from: number
  /** The word so far without its quotes. */
  word: string
  /** An open quote in front of the word. */
  quote: '' | '"' | "'"
  /** Whole words that may stand there. A directory ends with a slash. */
  candidates: readonly string[]
  /** They are names of files: what is special in them gets a backslash. */
  files: boolean
}

export type Completer = (beforeCursor: string) => Candidates

export interface TabResult {
  from: number
  /** What shall stand from there to the cursor. */
  insert: string
  candidates: readonly string[]
}

export function completeLine(complete: Completer, beforeCursor: string): TabResult {
  const found = complete(beforeCursor)
  const candidates = [...new Set(found.candidates)].filter((each) => each.startsWith(found.word)).sort(byText)
  const typed = beforeCursor.slice(found.from)
  if (candidates.length === 0) return { from: found.from, insert: typed, candidates }
  const common = commonPrefix(candidates)
  const only = candidates.length === 1
  const shown = candidates.map((each) => (found.files ? lastName(each) : each))
  // Nothing new to add: leave the person's own quoting alone.
  if (!only && common.length <= found.word.length) return { from: found.from, insert: typed, candidates: shown }
  const quoted = found.quote === '' ? (found.files ? escaped(common) : common) : found.quote + common
  const open = common.endsWith('/') || common.endsWith('=') || common.endsWith(':')
  const insert = only && !open ? `${quoted}${found.quote} ` : quoted
  return { from: found.from, insert, candidates: shown }
}

function commonPrefix(words: readonly string[]): string {
  let prefix = words[0]
  for (const word of words) {
    let length = 0
    while (length < prefix.length && prefix[length] === word[length]) length += 1
    prefix = prefix.slice(0, length)
  }
  return prefix
}

function escaped(text: string): string {
  return text.replace(/[\s'"\\|&;()<>!{}*[\]?^$`#]/g, (char, at: number) => (char === '#' && at > 0 ? char : `\\${char}`))
}

/** Lists show names without the directory that all share. */
function lastName(path: string): string {
  const at = path.lastIndexOf('/', path.length - 2)
  return path.slice(at + 1)
}

/** Down the columns, as `ls` does. */
export function listCandidates(words: readonly string[], columns: number): string {
  const width = Math.max(...words.map(textWidth)) + 2
  const perRow = Math.max(1, Math.floor(columns / width))
  const rows = Math.ceil(words.length / perRow)
  let text = ''
  for (let row = 0; row < rows; row += 1) {
    const cells: string[] = []
    for (let at = row; at < words.length; at += rows) cells.push(words[at])
    text += `${cells.map((cell, i) => (i === cells.length - 1 ? cell : cell + ' '.repeat(width - textWidth(cell)))).join('')}\r\n`
  }
  return text
}
