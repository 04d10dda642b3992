/**
 * The part of Go's text/template that `kubectl -o go-template` is used for: fields, variables, range, if, with, pipelines, and the
 * functions index, len, eq, ne, lt, le, gt, ge, and, or, not, print, printf, println, base64decode.
 *
 * Truth: text/template of Go, k8s.io/cli-runtime/pkg/printers/template.go.
 * Omits: define, template, block, method calls, break and continue.
 */
import { formatGoDefault, goNumber } from './go-value.ts'
import { byText } from '../../../base/text-order.ts'
import { decodeBase64 } from '../base64.ts'

type Node =
  | { kind: 'text'; text: string }
  | { kind: 'print'; pipe: Pipe }
  | { kind: 'range' | 'if' | 'with'; pipe: Pipe; body: Node[]; otherwise: Node[] }

interface Pipe {
  variables: string[]
  commands: Term[][]
}

type Term =
  | { kind: 'path'; base: string; fields: string[] }
  | { kind: 'value'; value: unknown }
  | { kind: 'name'; name: string }
  | { kind: 'pipe'; pipe: Pipe; fields: string[] }

class TemplateError extends Error {}

const stepsMax = 1_000_000

/** The text, or an error in upstream's manner. */
export function renderGoTemplate(template: string, object: unknown): string | { error: string } {
  try {
    const parser = new Parser(template)
    const nodes = parser.list([])
    const run = new Run(object)
    run.nodes(nodes, object, new Map([['$', object]]))
    return run.out
  } catch (error) {
    if (error instanceof TemplateError) return { error: error.message }
    throw error
  }
}

type Variables = ReadonlyMap<string, unknown>

class Run {
  out = ''
  #steps = 0
  readonly #root: unknown

  constructor(root: unknown) {
    this.#root = root
  }

  nodes(nodes: readonly Node[], dot: unknown, variables: Variables): void {
    let scope = variables
    for (const node of nodes) {
      this.#steps += 1
      if (this.#steps > stepsMax) throw new TemplateError('template runs too long')
      if (node.kind === 'text') this.out += node.text
      else if (node.kind === 'print') {
        const value = this.#pipe(node.pipe, dot, scope)
        if (node.pipe.variables.length > 0) scope = new Map([...scope, [node.pipe.variables[0], value]])
        else this.out += formatGoDefault(value)
      } else this.#block(node, dot, scope)
    }
  }

  #block(node: Node & { kind: 'range' | 'if' | 'with' }, dot: unknown, variables: Variables): void {
    const value = this.#pipe(node.pipe, dot, variables)
    if (node.kind !== 'range') {
      const names = node.pipe.variables
      const scope = names.length > 0 ? new Map([...variables, [names[0], value]]) : variables
      if (truth(value)) this.nodes(node.body, node.kind === 'with' ? value : dot, scope)
      else this.nodes(node.otherwise, dot, variables)
      return
    }
    const entries = Array.isArray(value)
      ? value.map((item, i): [unknown, unknown] => [i, item])
      : value !== null && typeof value === 'object'
        ? Object.keys(value)
            .sort(byText)
            .map((key): [unknown, unknown] => [key, (value as Record<string, unknown>)[key]])
        : []
    if (entries.length === 0) this.nodes(node.otherwise, dot, variables)
    for (const [key, item] of entries) {
      const names = node.pipe.variables
      const scope = new Map(variables)
      if (names.length === 1) scope.set(names[0], item)
      else if (names.length > 1) scope.set(names[0], key).set(names[1], item)
      this.nodes(node.body, item, scope)
    }
  }

  #pipe(pipe: Pipe, dot: unknown, variables: Variables): unknown {
    let value: unknown
    for (let i = 0; i < pipe.commands.length; i += 1) value = this.#command(pipe.commands[i], dot, variables, i > 0 ? [value] : [])
    return value
  }

  #command(terms: readonly Term[], dot: unknown, variables: Variables, last: unknown[]): unknown {
    const [first, ...rest] = terms
    if (first.kind === 'name') return callFunction(first.name, [...rest.map((term) => this.#term(term, dot, variables)), ...last])
    return this.#term(first, dot, variables)
  }

  #term(term: Term, dot: unknown, variables: Variables): unknown {
    switch (term.kind) {
      case 'value':
        return term.value
      case 'name':
        return callFunction(term.name, [])
      case 'pipe':
        return fields(this.#pipe(term.pipe, dot, variables), term.fields)
      case 'path': {
        if (term.base !== '' && term.base !== '$' && !variables.has(term.base)) throw new TemplateError(`undefined variable "${term.base}"`)
        return fields(term.base === '' ? dot : term.base === '$' ? this.#root : variables.get(term.base), term.fields)
      }
    }
  }
}

function fields(value: unknown, names: readonly string[]): unknown {
  let at = value
  for (const name of names) {
    if (at === null || at === undefined) return undefined
    if (typeof at !== 'object' || Array.isArray(at))
      throw new TemplateError(`can't evaluate field ${name} in type ${Array.isArray(at) ? '[]interface {}' : typeof at}`)
    at = Object.hasOwn(at, name) ? (at as Record<string, unknown>)[name] : undefined
  }
  return at
}

function truth(value: unknown): boolean {
  if (value === null || value === undefined || value === false || value === 0 || value === '') return false
  if (Array.isArray(value)) return value.length > 0
  return typeof value === 'object' ? Object.keys(value).length > 0 : true
}

function callFunction(name: string, args: unknown[]): unknown {
  switch (name) {
    case 'index':
      return args.slice(1).reduce((at, key) => (Array.isArray(at) ? at[Number(key)] : fields(at, [String(key)])), args[0])
    case 'len':
      return typeof args[0] === 'string' || Array.isArray(args[0]) ? args[0].length : Object.keys((args[0] ?? {}) as object).length
    case 'eq':
      return args.slice(1).some((other) => other === args[0])
    case 'ne':
      return args[0] !== args[1]
    case 'lt':
    case 'le':
    case 'gt':
    case 'ge': {
      const order = typeof args[0] === 'number' ? (args[0] as number) - Number(args[1]) : byText(String(args[0]), String(args[1]))
      return name === 'lt' ? order < 0 : name === 'le' ? order <= 0 : name === 'gt' ? order > 0 : order >= 0
    }
    case 'and':
      return args.find((arg) => !truth(arg)) ?? args.at(-1)
    case 'or':
      return args.find(truth) ?? args.at(-1)
    case 'not':
      return !truth(args[0])
    case 'print':
      return args.map(formatGoDefault).join('')
    case 'println':
      return `${args.map(formatGoDefault).join(' ')}\n`
    case 'printf':
      return formatted(String(args[0] ?? ''), args.slice(1))
    case 'base64decode':
      return decodeBase64(String(args[0] ?? ''))
    default:
      throw new TemplateError(`function "${name}" not defined`)
  }
}

function formatted(format: string, args: readonly unknown[]): string {
  let next = 0
  return format.replace(/%([-+0]*)(\d*)(?:\.\d+)?([a-zA-Z%])/g, (_, flags: string, width: string, verb: string) => {
    if (verb === '%') return '%'
    const value = args[next]
    next += 1
    const text =
      verb === 'q' ? JSON.stringify(String(value)) : verb === 'd' && typeof value === 'number' ? goNumber(value) : formatGoDefault(value)
    return flags.includes('-') ? text.padEnd(Number(width || 0)) : text.padStart(Number(width || 0), flags.includes('0') ? '0' : ' ')
  })
}

class Parser {
  readonly #tokens: { text: string; action: boolean }[] = []
  #at = 0

  constructor(template: string) {
    let rest = template
    let trim = false
    while (rest !== '') {
      const open = rest.indexOf('{{')
      let text = open < 0 ? rest : rest.slice(0, open)
      if (trim) text = text.replace(/^\s+/, '')
      if (open < 0) {
        this.#tokens.push({ text, action: false })
        break
      }
      const close = rest.indexOf('}}', open)
      if (close < 0) throw new TemplateError('unclosed action')
      let inside = rest.slice(open + 2, close)
      if (/^-\s/.test(inside)) {
        text = text.replace(/\s+$/, '')
        inside = inside.slice(1)
      }
      trim = /\s-$/.test(inside)
      if (trim) inside = inside.slice(0, -1)
      if (text !== '') this.#tokens.push({ text, action: false })
      if (!inside.trim().startsWith('/*')) this.#tokens.push({ text: inside.trim(), action: true })
      rest = rest.slice(close + 2)
    }
  }

  /** Nodes up to one of `ends`, which stays the last token read. */
  list(ends: readonly string[]): Node[] {
    const nodes: Node[] = []
    while (this.#at < this.#tokens.length) {
      const token = this.#tokens[this.#at]
      this.#at += 1
      if (!token.action) nodes.push({ kind: 'text', text: token.text })
      else {
        const word = /^\w+/.exec(token.text)?.[0] ?? ''
        if (word === 'end' || word === 'else') {
          if (!ends.includes(word)) throw new TemplateError(`unexpected {{${word}}}`)
          this.#at -= 1
          return nodes
        }
        if (word === 'range' || word === 'if' || word === 'with') nodes.push(this.#blockOf(word, token.text.slice(word.length)))
        else nodes.push({ kind: 'print', pipe: parsePipe(token.text) })
      }
    }
    if (ends.length > 0) throw new TemplateError('unexpected EOF')
    return nodes
  }

  #blockOf(kind: 'range' | 'if' | 'with', source: string): Node {
    const body = this.list(['end', 'else'])
    const stop = this.#tokens[this.#at]
    this.#at += 1
    if (stop.text === 'end') return { kind, pipe: parsePipe(source), body, otherwise: [] }
    const chained = /^else\s+if\s+(.*)$/s.exec(stop.text)
    if (chained) return { kind, pipe: parsePipe(source), body, otherwise: [this.#blockOf('if', chained[1])] }
    const otherwise = this.list(['end'])
    this.#at += 1
    return { kind, pipe: parsePipe(source), body, otherwise }
  }
}

const TOKEN = /\s+|"(?:\\.|[^"\\])*"|`[^`]*`|:=|=|[|(),]|\$?\w*(?:\.\w+)+|\$\w*|-?\d+(?:\.\d+)?|\w+|\./gy

function parsePipe(source: string): Pipe {
  const tokens: string[] = []
  TOKEN.lastIndex = 0
  let end = 0
  for (let match = TOKEN.exec(source); match; match = TOKEN.exec(source)) {
    if (match[0].trim() !== '') tokens.push(match[0])
    end = TOKEN.lastIndex
  }
  if (end !== source.length) throw new TemplateError(`unexpected ${JSON.stringify(source[end])} in command`)
  const state = { tokens, at: 0 }
  const pipe = pipeOf(state)
  if (state.at < tokens.length) throw new TemplateError(`unexpected ${JSON.stringify(tokens[state.at])} in command`)
  return pipe
}

function pipeOf(state: { tokens: string[]; at: number }): Pipe {
  const { tokens } = state
  const variables: string[] = []
  const assign = tokens.indexOf(':=', state.at) >= 0 ? tokens.indexOf(':=', state.at) : tokens.indexOf('=', state.at)
  if (assign >= 0 && tokens[state.at].startsWith('$')) {
    variables.push(...tokens.slice(state.at, assign).filter((token) => token !== ','))
    state.at = assign + 1
  }
  const commands: Term[][] = [[]]
  while (state.at < tokens.length && tokens[state.at] !== ')') {
    const token = tokens[state.at]
    state.at += 1
    if (token === '|') commands.push([])
    else (commands.at(-1) as Term[]).push(termOf(token, state))
  }
  if (commands.some((command) => command.length === 0)) throw new TemplateError('missing value for command')
  return { variables, commands }
}

function termOf(token: string, state: { tokens: string[]; at: number }): Term {
  if (token === '(') {
    const pipe = pipeOf(state)
    if (state.tokens[state.at] !== ')') throw new TemplateError('unclosed left paren')
    state.at += 1
    const next = state.tokens[state.at]
    if (next?.startsWith('.') && next.length > 1) {
      state.at += 1
      return { kind: 'pipe', pipe, fields: next.slice(1).split('.') }
    }
    return { kind: 'pipe', pipe, fields: [] }
  }
  if (token.startsWith('"')) return { kind: 'value', value: JSON.parse(token) as unknown }
  if (token.startsWith('`')) return { kind: 'value', value: token.slice(1, -1) }
  if (token === '.') return { kind: 'path', base: '', fields: [] }
  if (token.startsWith('.')) return { kind: 'path', base: '', fields: token.slice(1).split('.') }
  if (token.startsWith('$')) {
    const [base, ...names] = token.split('.')
    return { kind: 'path', base, fields: names }
  }
  if (/^-?\d/.test(token)) return { kind: 'value', value: Number(token) }
  if (token === 'true' || token === 'false') return { kind: 'value', value: token === 'true' }
  return token === 'nil' ? { kind: 'value', value: null } : { kind: 'name', name: token }
}
