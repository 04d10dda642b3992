/**
 * Reads a lab's folder: `lab.yaml`, a Markdown file per step and language, manifests and solutions. Everything that an author
 * can get wrong is said with its place in the file.
 */
import { readYaml } from '../base/yaml-gate.ts'
import type { CheckBody, LabCheckDefinition, LabDefinition, LabStepDefinition, LabText } from './lab-definition.ts'

export interface LabProblem {
  file: string
  /** Where in the YAML, `steps[1].checks[0].run.line`, or ''. */
  path: string
  message: string
}

type Fields = Record<string, unknown>

/** `files` maps paths inside the lab's folder to their contents. */
export function readLab(id: string, files: ReadonlyMap<string, string>): LabDefinition | LabProblem[] {
  return new LabReader(id, files).read()
}

class LabReader {
  readonly #id: string
  readonly #files: ReadonlyMap<string, string>
  readonly #problems: LabProblem[] = []

  constructor(id: string, files: ReadonlyMap<string, string>) {
    this.#id = id
    this.#files = files
  }

  read(): LabDefinition | LabProblem[] {
    const source = this.#files.get('lab.yaml')
    if (source === undefined) return [{ file: 'lab.yaml', path: '', message: 'the lab has no lab.yaml' }]
    const parsed = readYaml(source)
    if ('error' in parsed) {
      const { message, line, column } = parsed.error
      return [{ file: 'lab.yaml', path: '', message: `line ${line}, column ${column}: ${message}` }]
    }
    const root = this.#fields(parsed.documents[0]?.value, '', ['apiVersion', 'kind', 'metadata', 'world', 'files', 'setup', 'steps'])
    if (root['apiVersion'] !== 'vethlab.dev/v1' || root['kind'] !== 'Lab') this.#problem('', 'apiVersion must be vethlab.dev/v1 and kind Lab')
    const metadata = this.#fields(root['metadata'], 'metadata', ['title', 'track', 'summary', 'minutes'])
    const world = this.#fields(root['world'] ?? {}, 'world', ['nodes', 'cni', 'proxyMode', 'ipFamily', 'seed'])
    const lab: LabDefinition = {
      id: this.#id,
      title: this.#text(metadata['title'], 'metadata.title'),
      track: this.#text(metadata['track'], 'metadata.track'),
      summary: this.#text(metadata['summary'], 'metadata.summary'),
      minutes: this.#number(metadata['minutes'], 'metadata.minutes', 10),
      world: world as LabDefinition['world'],
      files: this.#labFiles(root['files'] ?? {}),
      setup: root['setup'] === undefined ? '' : this.#string(root['setup'], 'setup'),
      steps: this.#list(root['steps'], 'steps').map((step, index) => this.#step(step, index)),
    }
    if (lab.steps.length === 0) this.#problem('steps', 'a lab has at least one step')
    return this.#problems.length > 0 ? this.#problems : lab
  }

  #labFiles(value: unknown): { path: string; content: string }[] {
    return Object.entries(this.#fields(value, 'files', null)).map(([path, from]) => ({
      path: path.startsWith('/') ? path : `/root/${path}`,
      content: this.#file(this.#string(from, `files.${path}`), `files.${path}`),
    }))
  }

  #step(value: unknown, index: number): LabStepDefinition {
    const at = `steps[${index}]`
    const step = this.#fields(value, at, ['id', 'title', 'text', 'hints', 'checks', 'solution', 'answers'])
    const id = this.#string(step['id'], `${at}.id`)
    const stem = typeof step['text'] === 'string' ? step['text'] : `${String(index + 1).padStart(2, '0')}-${id}`
    const text: LabText = { en: this.#file(`${stem}.md`, `${at}.text`) }
    for (const language of ['zh', 'ru'] as const) {
      const content = this.#files.get(`${stem}.${language}.md`)
      if (content !== undefined) text[language] = content
    }
    const solution = this.#file(`solution/${String(index + 1).padStart(2, '0')}.sh`, `${at} (its solution)`)
    return {
      id,
      title: this.#text(step['title'], `${at}.title`),
      text,
      hints: this.#list(step['hints'] ?? [], `${at}.hints`).map((hint, i) => this.#text(hint, `${at}.hints[${i}]`)),
      checks: this.#list(step['checks'], `${at}.checks`).map((check, i) => this.#check(check, `${at}.checks[${i}]`)),
      solution: solutionLines(solution),
      answers: Object.entries(this.#fields(step['answers'] ?? {}, `${at}.answers`, null)).map(([check, answer]) => ({ check, answer: String(answer) })),
    }
  }

  #check(value: unknown, at: string): LabCheckDefinition {
    const fields = this.#fields(value, at, ['id', 'title', 'expect', 'run', 'flow', 'packet', 'question'])
    const kinds = ['expect', 'run', 'flow', 'packet', 'question'].filter((kind) => fields[kind] !== undefined)
    const head = { id: this.#string(fields['id'], `${at}.id`), title: this.#text(fields['title'], `${at}.title`) }
    if (kinds.length !== 1) {
      this.#problem(at, 'a check has exactly one of expect, run, flow, packet and question')
      return { ...head, check: { kind: 'question', choices: [], answer: '', because: [] } }
    }
    return { ...head, check: this.#body(kinds[0], fields[kinds[0]], `${at}.${kinds[0]}`) }
  }

  #body(kind: string, value: unknown, at: string): CheckBody {
    if (kind === 'run') {
      const run = this.#fields(value, at, ['on', 'line', 'exitCode', 'stdout'])
      return {
        kind: 'run',
        on: this.#string(run['on'] ?? 'workstation', `${at}.on`),
        line: this.#string(run['line'], `${at}.line`),
        exitCode: this.#number(run['exitCode'], `${at}.exitCode`, 0),
        stdout: this.#pattern(run['stdout'] ?? '', `${at}.stdout`),
      }
    }
    if (kind === 'flow') return this.#flow(value, at)
    if (kind === 'packet') {
      const packet = this.#fields(value, at, ['from', 'protocol', 'dport', 'dst', 'crossed', 'passed', 'delivered', 'snat'])
      return {
        kind: 'packet',
        from: this.#string(packet['from'] ?? '', `${at}.from`),
        protocol: this.#oneOf(packet['protocol'] ?? '', `${at}.protocol`, ['TCP', 'UDP', 'ICMP', 'ARP', '']),
        dport: this.#number(packet['dport'], `${at}.dport`, 0),
        dst: this.#string(packet['dst'] ?? '', `${at}.dst`),
        crossed: this.#strings(packet['crossed'] ?? [], `${at}.crossed`),
        passed: this.#strings(packet['passed'] ?? [], `${at}.passed`),
        delivered: this.#yesNo(packet['delivered'], `${at}.delivered`),
        snat: this.#yesNo(packet['snat'], `${at}.snat`),
      }
    }
    if (kind === 'question') return this.#question(value, at)
    const state = this.#fields(value, at, ['object', 'selector', 'path', 'equals', 'matches', 'atLeast', 'count', 'exists'])
    const asked = ['equals', 'matches', 'atLeast', 'count', 'exists'].filter((name) => state[name] !== undefined)
    if (asked.length !== 1) this.#problem(at, 'expect has exactly one of equals, matches, atLeast, count and exists')
    return {
      kind: 'state',
      object: this.#string(state['object'], `${at}.object`),
      selector: this.#string(state['selector'] ?? '', `${at}.selector`),
      path: this.#string(state['path'] ?? '', `${at}.path`),
      ...(state['equals'] !== undefined && { equals: String(state['equals']) }),
      ...(state['matches'] !== undefined && { matches: this.#pattern(state['matches'], `${at}.matches`) }),
      ...(state['atLeast'] !== undefined && { atLeast: this.#number(state['atLeast'], `${at}.atLeast`, 0) }),
      ...(state['count'] !== undefined && { count: this.#number(state['count'], `${at}.count`, 0) }),
      ...(state['exists'] !== undefined && { exists: state['exists'] === true }),
    }
  }

  #flow(value: unknown, at: string): CheckBody {
    const flow = this.#fields(value, at, ['from', 'to', 'protocol', 'port', 'url', 'expect'])
    const expect = this.#fields(flow['expect'], `${at}.expect`, ['verdict', 'server', 'seenSource', 'crossed', 'body'])
    return {
      kind: 'flow',
      flow: {
        id: 'check',
        from: this.#string(flow['from'], `${at}.from`),
        to: this.#string(flow['to'] ?? '', `${at}.to`),
        protocol: this.#oneOf(flow['protocol'] ?? 'TCP', `${at}.protocol`, ['TCP', 'UDP', 'SCTP', 'ICMP']),
        port: this.#number(flow['port'], `${at}.port`, 0),
        sourcePort: 0,
        url: this.#string(flow['url'] ?? '', `${at}.url`),
        headers: [],
        query: null,
        timeoutMs: 1000,
        count: 1,
      },
      expect: {
        verdict: this.#oneOf(expect['verdict'] ?? '', `${at}.expect.verdict`, ['delivered', 'refused', 'unreachable', 'timeout', 'unresolved', '']),
        server: this.#pattern(expect['server'] ?? '', `${at}.expect.server`),
        seenSource: this.#pattern(expect['seenSource'] ?? '', `${at}.expect.seenSource`),
        crossed: this.#strings(expect['crossed'] ?? [], `${at}.expect.crossed`),
        body: this.#pattern(expect['body'] ?? '', `${at}.expect.body`),
      },
    }
  }

  #question(value: unknown, at: string): CheckBody {
    const question = this.#fields(value, at, ['choices', 'answer', 'because'])
    const choices = Object.entries(this.#fields(question['choices'], `${at}.choices`, null))
    const answer = this.#string(question['answer'], `${at}.answer`)
    if (!choices.some(([id]) => id === answer)) this.#problem(`${at}.answer`, `the answer "${answer}" is not one of the choices`)
    const because = Object.entries(this.#fields(question['because'] ?? {}, `${at}.because`, null))
    return {
      kind: 'question',
      choices: choices.map(([id, text]) => ({ id, text: this.#text(text, `${at}.choices.${id}`) })),
      answer,
      because: because.map(([id, text]) => ({ id, text: this.#text(text, `${at}.because.${id}`) })),
    }
  }

  /** An object whose keys are all known; `known` null takes any. */
  #fields(value: unknown, at: string, known: readonly string[] | null): Fields {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      this.#problem(at, 'must be a mapping')
      return Object.create(null) as Fields
    }
    if (known) {
      for (const key of Object.keys(value)) if (!known.includes(key)) this.#problem(at === '' ? key : `${at}.${key}`, `unknown key; known here: ${known.join(', ')}`)
    }
    return value as Fields
  }

  #list(value: unknown, at: string): unknown[] {
    if (Array.isArray(value)) return value
    this.#problem(at, 'must be a list')
    return []
  }

  #strings(value: unknown, at: string): string[] {
    return (typeof value === 'string' ? [value] : this.#list(value, at)).map((item, index) => this.#string(item, `${at}[${index}]`))
  }

  #string(value: unknown, at: string): string {
    if (typeof value === 'string' || typeof value === 'number') return String(value)
    this.#problem(at, 'must be a text')
    return ''
  }

  #number(value: unknown, at: string, missing: number): number {
    if (value === undefined) return missing
    if (typeof value === 'number' && Number.isFinite(value)) return value
    this.#problem(at, 'must be a number')
    return missing
  }

  #oneOf<T extends string>(value: unknown, at: string, allowed: readonly T[]): T {
    if (allowed.includes(value as T)) return value as T
    this.#problem(at, `must be one of ${allowed.filter((name) => name !== '').join(', ')}`)
    return allowed[0]
  }

  #yesNo(value: unknown, at: string): 'yes' | 'no' | '' {
    if (value === undefined) return ''
    if (typeof value === 'boolean') return value ? 'yes' : 'no'
    this.#problem(at, 'must be true or false')
    return ''
  }

  #pattern(value: unknown, at: string): string {
    const text = this.#string(value, at)
    try {
      new RegExp(text, 'u')
    } catch (error) {
      this.#problem(at, `is not a regular expression: ${(error as Error).message}`)
    }
    return text
  }

  #text(value: unknown, at: string): LabText {
    if (typeof value === 'string') return { en: value }
    const fields = this.#fields(value, at, ['en', 'zh', 'ru'])
    const text: LabText = { en: this.#string(fields['en'], `${at}.en`) }
    if (fields['zh'] !== undefined) text.zh = this.#string(fields['zh'], `${at}.zh`)
    if (fields['ru'] !== undefined) text.ru = this.#string(fields['ru'], `${at}.ru`)
    return text
  }

  #file(path: string, at: string): string {
    const content = this.#files.get(path)
    if (content !== undefined) return content
    this.#problem(at, `the file ${path} is missing`)
    return ''
  }

  #problem(path: string, message: string): void {
    this.#problems.push({ file: 'lab.yaml', path, message })
  }
}

/** `MACHINE$ line` per line; other lines run on `workstation`. Empty lines and comments are left out. */
function solutionLines(text: string): { machine: string; line: string }[] {
  const lines: { machine: string; line: string }[] = []
  for (const raw of text.split('\n')) {
    const line = raw.trim()
    if (line === '' || line.startsWith('#')) continue
    const match = /^([a-z0-9-]+)\$ (.*)$/.exec(line)
    lines.push(match ? { machine: match[1], line: match[2] } : { machine: 'workstation', line })
  }
  return lines
}
