/**
 * nginx.conf as far as labs use it: include, server, listen, server_name, root, index, location (=, ^~, prefix, ~, ~*), return,
 * proxy_pass, proxy_set_header, add_header, default_type, try_files, error_page, stub_status, upstream.
 * Truth: nginx.org/en/docs (ngx_http_core_module, ngx_http_proxy_module, ngx_http_upstream_module).
 *
 * Omits: variables beyond the common ones, if, rewrite, TLS, stream, mail, caching, weights of upstream servers.
 */
import type { FileSystem } from '../../linux/file-system.ts'

export interface Directive {
  name: string
  args: string[]
  block: Directive[] | null
  line: number
}

export interface Location {
  kind: 'exact' | 'prefix' | 'strong-prefix' | 'regex'
  pattern: string
  regex: RegExp | null
  directives: Directive[]
}

export interface Server {
  listen: { port: number; isDefault: boolean }[]
  names: string[]
  directives: Directive[]
  locations: Location[]
}

export interface NginxConfig {
  servers: Server[]
  upstreams: Map<string, string[]>
}

const INCLUDES_MAX = 64

/** A text is what `nginx -t` complains of. */
export function readNginxConfig(fs: FileSystem, path: string): NginxConfig | string {
  const parsed = parseFile(fs, path, 0)
  if (typeof parsed === 'string') return parsed
  const http = parsed.find((d) => d.name === 'http')?.block ?? []
  const config: NginxConfig = { servers: [], upstreams: new Map() }
  for (const directive of http) {
    if (directive.name === 'upstream') {
      config.upstreams.set(directive.args[0] ?? '', (directive.block ?? []).filter((d) => d.name === 'server').map((d) => d.args[0] ?? ''))
    } else if (directive.name === 'server') config.servers.push(readServer(directive.block ?? []))
  }
  return config
}

function readServer(directives: Directive[]): Server {
  const server: Server = { listen: [], names: [], directives, locations: [] }
  for (const d of directives) {
    if (d.name === 'listen') {
      const port = /(?:^|:)(\d+)$/.exec(d.args[0] ?? '')
      if (port && !(d.args[0] ?? '').startsWith('[')) {
        server.listen.push({ port: Number(port[1]), isDefault: d.args.includes('default_server') || d.args.includes('default') })
      }
    } else if (d.name === 'server_name') server.names.push(...d.args)
    else if (d.name === 'location') server.locations.push(readLocation(d))
  }
  if (server.listen.length === 0) server.listen.push({ port: 80, isDefault: false })
  return server
}

function readLocation(d: Directive): Location {
  const modifier = d.args.length > 1 ? d.args[0] : ''
  const pattern = d.args[d.args.length - 1] ?? '/'
  const directives = d.block ?? []
  if (modifier === '=') return { kind: 'exact', pattern, regex: null, directives }
  if (modifier === '^~') return { kind: 'strong-prefix', pattern, regex: null, directives }
  if (modifier === '~' || modifier === '~*') {
    try {
      return { kind: 'regex', pattern, regex: new RegExp(pattern, modifier === '~*' ? 'i' : ''), directives }
    } catch {
      return { kind: 'exact', pattern: '\0', regex: null, directives }
    }
  }
  return { kind: 'prefix', pattern, regex: null, directives }
}

/** The server for a port and a Host header: exact name, else the default one. */
export function chooseServer(config: NginxConfig, port: number, host: string): Server | undefined {
  const here = config.servers.filter((s) => s.listen.some((l) => l.port === port))
  return here.find((s) => s.names.includes(host))
    ?? here.find((s) => s.names.some((n) => n.startsWith('*.') && host.endsWith(n.slice(1))))
    ?? here.find((s) => s.listen.some((l) => l.port === port && l.isDefault)) ?? here[0]
}

/** ngx_http_core_find_location: exact, longest prefix (strong ends it), first regex, prefix. */
export function chooseLocation(server: Server, path: string): Location | undefined {
  const exact = server.locations.find((l) => l.kind === 'exact' && l.pattern === path)
  if (exact) return exact
  let best: Location | undefined
  for (const l of server.locations) {
    if (l.kind !== 'prefix' && l.kind !== 'strong-prefix') continue
    if (path.startsWith(l.pattern) && l.pattern.length > (best?.pattern.length ?? -1)) best = l
  }
  if (best?.kind === 'strong-prefix') return best
  return server.locations.find((l) => l.regex?.test(path)) ?? best
}

/** The value that counts: the innermost block that says it. */
export function lookupDirective(name: string, ...levels: readonly (readonly Directive[])[]): Directive | undefined {
  for (const level of levels) {
    const found = level.find((d) => d.name === name)
    if (found) return found
  }
  return undefined
}

function parseFile(fs: FileSystem, path: string, depth: number): Directive[] | string {
  if (!fs.exists(path)) return `open() "${path}" failed (2: No such file or directory)`
  const tokens = tokenize(fs.read(path), path)
  if (typeof tokens === 'string') return tokens
  const state = { at: 0 }
  const block = parseBlock(tokens, state, path, true)
  if (typeof block === 'string') return block
  return expandIncludes(fs, block, path, depth)
}

function expandIncludes(fs: FileSystem, block: Directive[], path: string, depth: number): Directive[] | string {
  const result: Directive[] = []
  for (const d of block) {
    if (d.name === 'include' && d.args[0]) {
      if (depth > INCLUDES_MAX) return `too many includes in ${path}`
      for (const file of matchFiles(fs, d.args[0])) {
        const inner = parseFile(fs, file, depth + 1)
        if (typeof inner === 'string') return inner
        result.push(...inner)
      }
      continue
    }
    if (d.block) {
      const inner = expandIncludes(fs, d.block, path, depth)
      if (typeof inner === 'string') return inner
      d.block = inner
    }
    result.push(d)
  }
  return result
}

function matchFiles(fs: FileSystem, pattern: string): string[] {
  const absolute = pattern.startsWith('/') ? pattern : `/etc/nginx/${pattern}`
  const slash = absolute.lastIndexOf('/')
  const [dir, name] = [absolute.slice(0, slash), absolute.slice(slash + 1)]
  if (!name.includes('*')) return fs.exists(absolute) ? [absolute] : name === 'mime.types' ? [] : [absolute]
  const names = fs.list(dir)
  if (typeof names === 'string') return []
  const [head, tail] = name.split('*')
  return names.filter((n) => n.startsWith(head) && n.endsWith(tail ?? '') && !fs.isDirectory(`${dir}/${n}`)).map((n) => `${dir}/${n}`)
}

interface Token {
  text: string
  quoted: boolean
  line: number
}

function tokenize(text: string, path: string): Token[] | string {
  const tokens: Token[] = []
  let line = 1
  for (let at = 0; at < text.length; ) {
    const char = text[at]
    if (char === '\n') line += 1
    if (/\s/.test(char)) at += 1
    else if (char === '#') while (at < text.length && text[at] !== '\n') at += 1
    else if (char === '{' || char === '}' || char === ';') {
      tokens.push({ text: char, quoted: false, line })
      at += 1
    } else if (char === '"' || char === "'") {
      let value = ''
      const start = line
      at += 1
      while (at < text.length && text[at] !== char) {
        if (text[at] === '\\' && at + 1 < text.length) {
          at += 1
          value += text[at] === 'n' ? '\n' : text[at] === 't' ? '\t' : text[at]
        } else value += text[at]
        if (text[at] === '\n') line += 1
        at += 1
      }
      if (at >= text.length) return `unexpected end of file, expecting ";" or "}" in ${path}:${start}`
      at += 1
      tokens.push({ text: value, quoted: true, line: start })
    } else {
      let value = ''
      // `${name}` is one word.
      while (at < text.length && !/[\s;]/.test(text[at]) && !(text[at] === '{' && !value.endsWith('$')) && text[at] !== '}') {
        if (text[at] === '{') {
          while (at < text.length && text[at] !== '}') {
            value += text[at]
            at += 1
          }
        }
        value += text[at]
        at += 1
      }
      tokens.push({ text: value, quoted: false, line })
    }
  }
  return tokens
}

function parseBlock(tokens: Token[], state: { at: number }, path: string, top: boolean): Directive[] | string {
  const directives: Directive[] = []
  let words: Token[] = []
  for (; state.at < tokens.length; ) {
    const token = tokens[state.at]
    state.at += 1
    const mark = token.quoted ? '' : token.text
    if (mark === ';') {
      if (words.length === 0) return `unexpected ";" in ${path}:${token.line}`
      directives.push({ name: words[0].text, args: words.slice(1).map((w) => w.text), block: null, line: words[0].line })
      words = []
    } else if (mark === '{') {
      if (words.length === 0) return `unexpected "{" in ${path}:${token.line}`
      const block = parseBlock(tokens, state, path, false)
      if (typeof block === 'string') return block
      directives.push({ name: words[0].text, args: words.slice(1).map((w) => w.text), block, line: words[0].line })
      words = []
    } else if (mark === '}') {
      if (words.length > 0 || top) return `unexpected "}" in ${path}:${token.line}`
      return directives
    } else words.push(token)
  }
  const last = tokens[tokens.length - 1]?.line ?? 1
  if (!top || words.length > 0) return `unexpected end of file, expecting ${words.length > 0 ? '";" or "}"' : '"}"'} in ${path}:${last}`
  return directives
}
