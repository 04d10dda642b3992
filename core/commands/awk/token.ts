/** Words of an awk program (IEEE Std 1003.1, awk, "Lexical Conventions"). */

export interface Token {
  kind: 'number' | 'string' | 'regex' | 'name' | 'call' | 'builtin' | 'keyword' | 'mark' | 'newline' | 'end'
  text: string
  line: number
}

export class AwkSyntaxError {
  readonly line: number
  readonly message: string

  constructor(line: number, message: string) {
    this.line = line
    this.message = message
  }
}

const KEYWORDS = new Set([
  'BEGIN', 'END', 'function', 'func', 'if', 'else', 'while', 'for', 'do', 'break', 'continue', 'next', 'nextfile', 'exit',
  'return', 'delete', 'in', 'getline', 'print', 'printf', 'switch', 'case', 'default',
])

export const BUILTINS = new Set([
  'length', 'substr', 'index', 'split', 'sub', 'gsub', 'match', 'sprintf', 'sqrt', 'int', 'rand', 'srand', 'tolower', 'toupper',
  'system', 'close', 'fflush', 'gensub', 'strftime', 'systime', 'strtonum', 'exp', 'log', 'and', 'or', 'xor', 'lshift', 'rshift',
])

const MARKS = [
  '**=', '&&', '||', '++', '--', '+=', '-=', '*=', '/=', '%=', '^=', '==', '<=', '>=', '!=', '!~', '>>', '**',
  '{', '}', '(', ')', '[', ']', ';', ',', '+', '-', '*', '/', '%', '^', '!', '>', '<', '|', '?', ':', '~', '$', '=',
]

export function tokenize(source: string): Token[] | AwkSyntaxError {
  const tokens: Token[] = []
  let at = 0
  let line = 1
  while (at < source.length) {
    const char = source[at]
    if (char === ' ' || char === '\t' || char === '\r') {
      at += 1
      continue
    }
    if (char === '\\' && source[at + 1] === '\n') {
      at += 2
      line += 1
      continue
    }
    if (char === '#') {
      while (at < source.length && source[at] !== '\n') at += 1
      continue
    }
    if (char === '\n') {
      tokens.push({ kind: 'newline', text: 'newline', line })
      line += 1
      at += 1
      continue
    }
    if (char === '"') {
      const end = endOfQuoted(source, at + 1, '"')
      if (end < 0) return new AwkSyntaxError(line, `runaway string constant ${source.slice(at, at + 20).split('\n')[0]} ...`)
      tokens.push({ kind: 'string', text: unescapeString(source.slice(at + 1, end)), line })
      at = end + 1
      continue
    }
    if (char === '/' && !endsOperand(tokens.at(-1))) {
      const end = endOfRegex(source, at + 1)
      if (end < 0) return new AwkSyntaxError(line, `runaway regular expression ${source.slice(at, at + 20).split('\n')[0]} ...`)
      tokens.push({ kind: 'regex', text: source.slice(at + 1, end).replaceAll('\\/', '/'), line })
      at = end + 1
      continue
    }
    const number = /^(0[xX][0-9a-fA-F]+|\d+\.?\d*([eE][+-]?\d+)?|\.\d+([eE][+-]?\d+)?)/.exec(source.slice(at, at + 64))
    if (number) {
      tokens.push({ kind: 'number', text: number[0], line })
      at += number[0].length
      continue
    }
    const name = /^[A-Za-z_][A-Za-z0-9_]*/.exec(source.slice(at, at + 256))
    if (name) {
      const text = name[0]
      at += text.length
      const kind = KEYWORDS.has(text) ? 'keyword' : BUILTINS.has(text) ? 'builtin' : source[at] === '(' ? 'call' : 'name'
      tokens.push({ kind, text: text === 'func' ? 'function' : text, line })
      continue
    }
    const mark = MARKS.find((one) => source.startsWith(one, at))
    if (mark === undefined) return new AwkSyntaxError(line, `syntax error at or near ${char}`)
    tokens.push({ kind: 'mark', text: mark === '**' ? '^' : mark === '**=' ? '^=' : mark, line })
    at += mark.length
  }
  tokens.push({ kind: 'newline', text: 'newline', line }, { kind: 'end', text: 'end of file', line })
  return tokens
}

/** After these a `/` divides; elsewhere it opens a regular expression. */
function endsOperand(token: Token | undefined): boolean {
  if (!token) return false
  if (token.kind === 'number' || token.kind === 'string' || token.kind === 'name' || token.kind === 'regex') return true
  if (token.kind === 'builtin') return token.text === 'length'
  return token.kind === 'mark' && (token.text === ')' || token.text === ']' || token.text === '$' || token.text === '++' || token.text === '--')
}

function endOfQuoted(source: string, at: number, quote: string): number {
  for (; at < source.length; at += 1) {
    if (source[at] === '\\') at += 1
    else if (source[at] === quote) return at
    else if (source[at] === '\n') return -1
  }
  return -1
}

function endOfRegex(source: string, at: number): number {
  let inSet = false
  for (; at < source.length; at += 1) {
    const char = source[at]
    if (char === '\n') return -1
    if (char === '\\') at += 1
    else if (char === '[' && !inSet) {
      inSet = true
      if (source[at + 1] === '^') at += 1
      if (source[at + 1] === ']') at += 1
    } else if (char === '[' && source[at + 1] === ':') {
      const end = source.indexOf(':]', at)
      if (end > 0) at = end + 1
    } else if (char === ']') inSet = false
    else if (char === '/' && !inSet) return at
  }
  return -1
}

const ESCAPES = new Map([
  ['n', '\n'], ['t', '\t'], ['r', '\r'], ['a', '\x07'], ['b', '\b'], ['f', '\f'], ['v', '\v'], ['\\', '\\'], ['"', '"'], ['/', '/'],
])

/** Escape sequences of a string constant, of `-v` values and of `-F`. An unknown one keeps its backslash, as a regex needs it. */
export function unescapeString(text: string): string {
  return text.replace(/\\(\n|[0-7]{1,3}|[^])/g, (all, code: string) => {
    if (code === '\n') return ''
    if (/^[0-7]/.test(code)) return String.fromCharCode(Number.parseInt(code, 8) & 255)
    return ESCAPES.get(code) ?? all
  })
}
