/**
 * readline(3) in Emacs mode: reads one line from a raw terminal, with history, search, completion.
 *
 * Omits: vi mode, key bindings of ~/.inputrc, numeric arguments, macros, the mark.
 */
import type { OpenFile } from '../../linux/open-file.ts'
import type { Tty } from '../../linux/tty.ts'
import { firstOf, type Wait, type WaitQueue } from '../../linux/wait.ts'
import { Display } from './display.ts'
import { type Key, KeyDecoder } from './key-decoder.ts'
import { graphemes, LineBuffer } from './line-buffer.ts'
import { completeLine, type Completer, listCandidates } from './tab.ts'

export interface LineEditorOptions {
  tty: Tty
  file: OpenFile
  write: (text: string) => void
  history: readonly string[]
  complete: Completer
  /** Woken when something happened that the editor must look at: a resize, a hang-up. */
  signalled: WaitQueue
}

export type LineResult = { kind: 'line'; text: string } | { kind: 'interrupt' } | { kind: 'eof' } | { kind: 'hangup' }

/** Reverse search in progress. */
interface Search {
  pattern: string
  /** Index in the history of what is shown, or -1. */
  found: number
  failed: boolean
}

/** From this many candidates on, a person is asked before they are listed: completion-query-items. */
const CANDIDATES_ASK = 100

export class LineEditor {
  readonly #options: LineEditorOptions
  readonly #buffer = new LineBuffer()
  readonly #keys = new KeyDecoder()
  #display: Display
  #prompt = ''
  /** Place in the history; its length is the line being typed. */
  #place = 0
  /** Lines of the history as changed and left, and the line being typed. */
  #edited = new Map<number, string>()
  #search: Search | null = null
  #lastKey = ''
  /** Candidates that wait for a yes. */
  #asking: readonly string[] | null = null
  #columns: number
  readonly #pastes: boolean

  constructor(options: LineEditorOptions) {
    this.#options = options
    this.#columns = options.tty.columns
    this.#display = new Display(this.#columns, options.write)
    this.#pastes = options.tty.term.startsWith('xterm')
  }

  *readLine(prompt: string): Generator<Wait, LineResult> {
    const { tty, file, signalled } = this.#options
    this.#prompt = prompt
    this.#buffer.set('')
    this.#place = this.#options.history.length
    this.#edited.clear()
    this.#search = null
    this.#columns = tty.columns
    this.#display = new Display(this.#columns, this.#options.write)
    tty.raw = true
    if (this.#pastes) this.#options.write('\x1b[?2004h')
    this.#display.start(prompt)
    try {
      for (;;) {
        for (let key = this.#keys.next(); key; key = this.#keys.next()) {
          const result = this.#handle(key)
          if (result) return result
        }
        const data = file.read(65536)
        if (data === null || tty.hungUp) return { kind: 'hangup' }
        if (data !== undefined) this.#keys.push(data)
        else yield firstOf(file.readable.wait, signalled.wait)
        if (tty.columns !== this.#columns) this.#resize()
      }
    } finally {
      if (this.#pastes) this.#options.write('\x1b[?2004l')
      tty.raw = false
      tty.giveBack(this.#keys.takeRest())
    }
  }

  #resize(): void {
    this.#columns = this.#options.tty.columns
    this.#display.resize(this.#columns)
    this.#display.redraw(this.#buffer.chars, this.#buffer.cursor)
  }

  #show(): void {
    this.#display.show(this.#buffer.chars, this.#buffer.cursor)
  }

  #beep(): void {
    this.#options.write('\x07')
  }

  #handle(key: Key): LineResult | null {
    if (this.#asking) {
      this.#answer(key)
      return null
    }
    if (this.#search && this.#searchKey(key)) return null
    const name = key.kind === 'key' ? key.name : ''
    if (key.kind !== 'key') {
      this.#buffer.insert(key.text)
      this.#show()
    } else {
      const result = this.#command(name)
      if (result) return result
    }
    this.#lastKey = name
    return null
  }

  #command(name: string): LineResult | null {
    const buffer = this.#buffer
    switch (name) {
      case 'enter':
      case 'C-o':
        this.#display.finish()
        return { kind: 'line', text: buffer.text }
      case 'C-c':
        this.#display.show(buffer.chars, buffer.chars.length)
        this.#options.write('^C\r\n')
        return { kind: 'interrupt' }
      case 'C-d':
        if (buffer.chars.length === 0) return { kind: 'eof' }
        buffer.remove(buffer.cursor, Math.min(buffer.chars.length, buffer.cursor + 1))
        break
      case 'tab':
        this.#complete()
        return null
      case 'C-l':
        this.#display.clear(buffer.chars, buffer.cursor)
        return null
      case 'C-r':
        this.#search = { pattern: '', found: -1, failed: false }
        this.#showSearch()
        return null
      default:
        if (!this.#edit(name) && !this.#travel(name)) return null
    }
    this.#show()
    return null
  }

  /** Changes of the line. False for other keys. */
  #edit(name: string): boolean {
    const buffer = this.#buffer
    const { cursor } = buffer
    switch (name) {
      case 'backspace':
        buffer.remove(cursor - 1 < 0 ? 0 : cursor - 1, cursor)
        return true
      case 'delete':
        buffer.remove(cursor, Math.min(buffer.chars.length, cursor + 1))
        return true
      case 'C-k':
        buffer.kill(cursor, buffer.chars.length, false)
        return true
      case 'C-u':
        buffer.kill(0, cursor, true)
        return true
      case 'C-w':
        buffer.kill(buffer.wordStart(true), cursor, true)
        return true
      case 'M-backspace':
        buffer.kill(buffer.wordStart(), cursor, true)
        return true
      case 'M-d':
        buffer.kill(cursor, buffer.wordEnd(), false)
        return true
      case 'C-y':
        buffer.yank()
        return true
      case 'M-y':
        buffer.yankPop()
        return true
      case 'C-t':
        buffer.transpose()
        return true
      case 'C-_':
        buffer.undo()
        return true
      case 'M-u':
        buffer.changeWord((word) => word.toUpperCase())
        return true
      case 'M-l':
        buffer.changeWord((word) => word.toLowerCase())
        return true
      case 'M-c':
        buffer.changeWord((word) => word.toLowerCase().replace(/[\p{L}\p{N}]/u, (letter) => letter.toUpperCase()))
        return true
      case 'M-.':
      case 'M-_':
        return this.#lastArgument()
      default:
        return false
    }
  }

  /** Movements in the line and through the history. */
  #travel(name: string): boolean {
    const buffer = this.#buffer
    switch (name) {
      case 'left':
      case 'C-b':
        buffer.cursor -= 1
        return true
      case 'right':
      case 'C-f':
        buffer.cursor += 1
        return true
      case 'home':
      case 'C-a':
        buffer.cursor = 0
        return true
      case 'end':
      case 'C-e':
        buffer.cursor = buffer.chars.length
        return true
      case 'M-b':
      case 'C-left':
      case 'M-left':
        buffer.cursor = buffer.wordStart()
        return true
      case 'M-f':
      case 'C-right':
      case 'M-right':
        buffer.cursor = buffer.wordEnd()
        return true
      case 'up':
      case 'C-p':
        return this.#recall(this.#place - 1)
      case 'down':
      case 'C-n':
        return this.#recall(this.#place + 1)
      case 'M-<':
        return this.#recall(0)
      case 'M->':
        return this.#recall(this.#options.history.length)
      default:
        return false
    }
  }

  #recall(place: number): boolean {
    const { history } = this.#options
    if (place < 0 || place > history.length || place === this.#place) {
      this.#beep()
      return false
    }
    this.#edited.set(this.#place, this.#buffer.text)
    this.#place = place
    this.#buffer.set(this.#edited.get(place) ?? history[place] ?? '')
    return true
  }

  /** Meta-dot: the last word of the line before; again, of the one before that. */
  #lastArgument(): boolean {
    const { history } = this.#options
    const last = history[history.length - 1]
    const word = last === undefined ? undefined : /(\S+)\s*$/.exec(last)?.[1]
    if (!word) return false
    this.#buffer.insert(word)
    return true
  }

  // --- Completion ----------------------------------------------------------------------------------------------------------

  #complete(): void {
    const buffer = this.#buffer
    const result = completeLine(this.#options.complete, buffer.beforeCursor)
    const from = graphemes(buffer.beforeCursor.slice(0, result.from)).length
    const typed = buffer.beforeCursor.slice(result.from)
    if (result.insert !== typed) {
      buffer.replace(from, buffer.cursor, result.insert)
      this.#show()
      this.#lastKey = 'completed'
      return
    }
    if (result.candidates.length < 2 || this.#lastKey !== 'tab') {
      this.#beep()
      this.#lastKey = result.candidates.length > 1 ? 'tab' : ''
      return
    }
    if (result.candidates.length > CANDIDATES_ASK) {
      this.#asking = result.candidates
      this.#display.finish()
      this.#options.write(`Display all ${result.candidates.length} possibilities? (y or n)`)
      return
    }
    this.#list(result.candidates)
  }

  #answer(key: Key): void {
    const candidates = this.#asking ?? []
    const text = key.kind === 'text' ? key.text.toLowerCase() : key.kind === 'key' ? key.name : ''
    if (text === 'y' || text === ' ' || text === 'tab') {
      this.#asking = null
      this.#options.write('\r\n')
      this.#list(candidates, true)
    } else if (text === 'n' || text === 'C-c' || text === 'C-g' || text === 'backspace') {
      this.#asking = null
      this.#options.write('\r\n')
      this.#again()
    } else this.#beep()
  }

  #list(candidates: readonly string[], below = false): void {
    if (!below) this.#display.finish()
    this.#options.write(listCandidates(candidates, this.#columns))
    this.#again()
  }

  /** The prompt and the line once more, below what was printed. */
  #again(): void {
    this.#display.restart()
    this.#display = new Display(this.#columns, this.#options.write)
    this.#display.start(this.#prompt)
    this.#show()
  }

  // --- Reverse search ------------------------------------------------------------------------------------------------------

  /** True when the key was the search's own; any other ends the search and is obeyed. */
  #searchKey(key: Key): boolean {
    const search = this.#search as Search
    if (key.kind === 'text') {
      search.pattern += key.text
      this.#find(search.found < 0 ? this.#options.history.length - 1 : search.found)
      return true
    }
    const name = key.kind === 'key' ? key.name : ''
    if (name === 'C-r') {
      this.#find(search.found < 0 ? this.#options.history.length - 1 : search.found - 1)
      return true
    }
    if (name === 'backspace') {
      search.pattern = graphemes(search.pattern).slice(0, -1).join('')
      this.#find(this.#options.history.length - 1)
      return true
    }
    this.#search = null
    if (name === 'C-g' || name === 'C-c') this.#buffer.set('')
    else if (search.found >= 0) {
      this.#place = search.found
    }
    this.#display.redraw(this.#buffer.chars, this.#buffer.cursor, lastLine(this.#prompt))
    return name === 'C-g' || name === 'escape'
  }

  #find(from: number): void {
    const search = this.#search as Search
    const { history } = this.#options
    search.failed = search.pattern !== ''
    for (let i = from; i >= 0 && search.pattern !== ''; i -= 1) {
      const at = history[i].lastIndexOf(search.pattern)
      if (at < 0) continue
      search.found = i
      search.failed = false
      this.#buffer.set(history[i], graphemes(history[i].slice(0, at)).length)
      break
    }
    if (search.failed) this.#beep()
    this.#showSearch()
  }

  #showSearch(): void {
    const search = this.#search as Search
    const prompt = `(${search.failed ? 'failed ' : ''}reverse-i-search)\`${search.pattern}': `
    this.#display.redraw(this.#buffer.chars, this.#buffer.cursor, prompt)
  }
}

function lastLine(prompt: string): string {
  return prompt.slice(prompt.lastIndexOf('\n') + 1)
}
