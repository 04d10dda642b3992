/** What a terminal's keyboard sends, as keys: UTF-8 text, control characters, xterm's escape sequences, bracketed paste. */

export type Key =
  | { readonly kind: 'text'; readonly text: string }
  /** `left`, `C-a`, `M-b`, `tab`, `enter`, … */
  | { readonly kind: 'key'; readonly name: string }
  | { readonly kind: 'paste'; readonly text: string }

const PASTE_END = '\x1b[201~'
const FINAL = new Map([
  ['A', 'up'], ['B', 'down'], ['C', 'right'], ['D', 'left'], ['H', 'home'], ['F', 'end'], ['Z', 'S-tab'],
])
const TILDE = new Map([
  ['1', 'home'], ['2', 'insert'], ['3', 'delete'], ['4', 'end'], ['5', 'page-up'], ['6', 'page-down'], ['7', 'home'], ['8', 'end'],
])
const PASTE_MAX = 1024 * 1024

export class KeyDecoder {
  #pending = ''
  /** Inside a bracketed paste. */
  #pasting = false

  /** The next key of what came, or null until more comes. */
  next(): Key | null {
    if (this.#pasting) return this.#paste()
    const text = this.#pending
    if (text === '') return null
    const char = String.fromCodePoint(text.codePointAt(0) as number)
    if (char === '\x1b') return this.#escape()
    this.#pending = text.slice(char.length)
    if (char >= ' ' && char !== '\x7f') return { kind: 'text', text: char }
    return { kind: 'key', name: controlName(char) }
  }

  push(data: string): void {
    this.#pending += data
  }

  /** What was not decoded yet: for whoever reads next. */
  takeRest(): string {
    const rest = this.#pasting ? `\x1b[200~${this.#pending}` : this.#pending
    this.#pending = ''
    this.#pasting = false
    return rest
  }

  #paste(): Key | null {
    const end = this.#pending.indexOf(PASTE_END)
    if (end < 0 && this.#pending.length < PASTE_MAX) return null
    const text = end < 0 ? this.#pending : this.#pending.slice(0, end)
    this.#pending = end < 0 ? '' : this.#pending.slice(end + PASTE_END.length)
    this.#pasting = end < 0
    return { kind: 'paste', text: text.replaceAll('\r\n', '\n').replaceAll('\r', '\n') }
  }

  #escape(): Key | null {
    const text = this.#pending
    // A lone escape waits: it is the beginning of a Meta key.
    if (text.length === 1) return null
    if (text[1] !== '[' && text[1] !== 'O') {
      const char = String.fromCodePoint(text.codePointAt(1) as number)
      this.#pending = text.slice(1 + char.length)
      const name = char >= ' ' && char !== '\x7f' ? char : controlName(char)
      return { kind: 'key', name: `M-${name}` }
    }
    const sequence = /^\x1b[[O]([0-9;?]*)([ -/]*)([@-~])/.exec(text)
    if (!sequence) {
      if (text.length < 32 && /^\x1b[[O][0-9;? -/]*$/.test(text)) return null
      this.#pending = text.slice(1)
      return { kind: 'key', name: 'escape' }
    }
    this.#pending = text.slice(sequence[0].length)
    const [, parameters, , final] = sequence
    if (final === '~' && parameters === '200') {
      this.#pasting = true
      return this.#paste()
    }
    const [first, modifier = '1'] = parameters.split(';')
    const name = final === '~' ? TILDE.get(first) : FINAL.get(final)
    if (!name) return { kind: 'key', name: 'unknown' }
    return { kind: 'key', name: modifierPrefix(Number(modifier)) + name }
  }
}

/** xterm's modifier codes: 1 + 1 for Shift, 2 for Alt, 4 for Control. */
function modifierPrefix(modifier: number): string {
  const bits = Math.max(0, modifier - 1)
  return `${bits & 4 ? 'C-' : ''}${bits & 2 ? 'M-' : ''}`
}

function controlName(char: string): string {
  switch (char) {
    case '\r':
    case '\n':
      return 'enter'
    case '\t':
      return 'tab'
    case '\x7f':
    case '\b':
      return 'backspace'
    default:
      return `C-${String.fromCharCode(char.charCodeAt(0) + 0x40).toLowerCase()}`
  }
}
