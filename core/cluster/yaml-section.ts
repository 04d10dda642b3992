/**
 * Reads one mapping of a YAML file with closed keys: every key is asked for by name and type, what is left over is an error,
 * and each error knows the path of the value that it speaks of. The first error wins.
 */
import { byText } from '../base/text-order.ts'

export type YamlPath = readonly (string | number)[]

/** What stopped the reading. Thrown inside the reader and caught by whoever started it; nobody else sees it. */
export class YamlRefusal {
  readonly path: YamlPath
  readonly message: string
  constructor(path: YamlPath, message: string) {
    this.path = path
    this.message = message
  }
}

export class YamlSection {
  readonly path: YamlPath
  readonly #values: Map<string, unknown>
  readonly #asked = new Set<string>()

  constructor(value: unknown, path: YamlPath) {
    this.path = path
    if (value === null || value === undefined) this.#values = new Map()
    else if (typeof value === 'object' && !Array.isArray(value)) this.#values = new Map(Object.entries(value))
    else throw new YamlRefusal(path, `${pathText(path)}: expected a mapping`)
  }

  keys(): string[] {
    return [...this.#values.keys()]
  }

  has(key: string): boolean {
    this.#asked.add(key)
    const value = this.#values.get(key)
    return value !== undefined && value !== null
  }

  refuse(key: string, message: string): never {
    const path = [...this.path, key]
    throw new YamlRefusal(path, `${pathText(path)}: ${message}`)
  }

  /** Undefined when the key is not there. */
  value(key: string): unknown {
    this.#asked.add(key)
    const value = this.#values.get(key)
    return value === null ? undefined : value
  }

  text(key: string): string | undefined {
    const value = this.value(key)
    if (value === undefined || typeof value === 'string') return value
    if (typeof value === 'number') return String(value)
    return this.refuse(key, 'expected text')
  }

  whole(key: string, low: number, high: number): number | undefined {
    const value = this.value(key)
    if (value === undefined) return undefined
    if (typeof value === 'number' && Number.isInteger(value) && value >= low && value <= high) return value
    return this.refuse(key, `expected a whole number from ${low} to ${high}`)
  }

  truth(key: string): boolean | undefined {
    const value = this.value(key)
    if (value === undefined || typeof value === 'boolean') return value
    return this.refuse(key, 'expected true or false')
  }

  oneOf<T extends string>(key: string, choices: readonly T[]): T | undefined {
    const value = this.text(key)
    if (value === undefined) return undefined
    const choice = choices.find((c) => c === value)
    return choice ?? this.refuse(key, `${value} is not one of ${choices.join(', ')}`)
  }

  /** A list; a bare value counts as a list of one. */
  texts(key: string): string[] | undefined {
    const value = this.value(key)
    if (value === undefined) return undefined
    const items = Array.isArray(value) ? value : [value]
    return items.map((item) => (typeof item === 'string' || typeof item === 'number' ? String(item) : this.refuse(key, 'expected a list of texts')))
  }

  /** A mapping from names to texts, in the file's order. */
  textMap(key: string): Map<string, string> | undefined {
    const value = this.value(key)
    if (value === undefined) return undefined
    const section = new YamlSection(value, [...this.path, key])
    return new Map(section.keys().map((name) => [name, section.text(name) ?? '']))
  }

  section(key: string): YamlSection {
    return new YamlSection(this.value(key), [...this.path, key])
  }

  sections(key: string): YamlSection[] | undefined {
    const value = this.value(key)
    if (value === undefined) return undefined
    if (!Array.isArray(value)) return this.refuse(key, 'expected a list')
    return value.map((item, index) => new YamlSection(item, [...this.path, key, index]))
  }

  /** Call when everything that may stand here has been asked for. */
  end(): void {
    const known = [...this.#asked].sort(byText)
    for (const key of this.#values.keys()) {
      if (this.#asked.has(key)) continue
      const where = this.path.length === 0 ? '' : ` in ${pathText(this.path)}`
      throw new YamlRefusal([...this.path, key], `unknown key "${key}"${where}; known: ${known.join(', ')}`)
    }
  }
}

/** `nodes[1].labels`, as jq writes paths. */
export function pathText(path: YamlPath): string {
  let text = ''
  for (const step of path) text += typeof step === 'number' ? `[${step}]` : text === '' ? step : `.${step}`
  return text === '' ? 'the file' : text
}
