/**
 * The Corefile: server blocks with zones and plugins. Truth: coredns.io/manual (Corefile), the README of each plugin.
 *
 * Omits: environment variables, snippets with arguments, TLS and gRPC servers.
 */
export interface PluginConfig {
  name: string
  args: string[]
  block: string[][]
  line: number
}

export interface ServerBlock {
  /** Lower case, without the last dot; '' is the root. */
  zones: string[]
  port: number
  plugins: PluginConfig[]
}

/** The plugins of the standard build, of which some only pass queries on here. */
const KNOWN = new Set([
  'errors', 'log', 'health', 'ready', 'kubernetes', 'forward', 'hosts', 'cache', 'loop', 'reload', 'loadbalance', 'prometheus', 'rewrite',
  'template', 'whoami', 'debug', 'bufsize', 'import', 'autopath', 'bind', 'acl', 'any', 'dns64', 'file', 'header', 'local', 'metadata', 'minimal',
  'nsid', 'pprof', 'root', 'timeouts', 'trace',
])

/** A text is what CoreDNS says before it gives up. */
export function parseCorefile(text: string, path: string): ServerBlock[] | string {
  const lines = text.split('\n').map((line) => tokens(line))
  const blocks: ServerBlock[] = []
  let server: { keys: string[]; plugins: PluginConfig[] } | null = null
  let plugin: PluginConfig | null = null
  let keys: string[] = []
  for (const [i, words] of lines.entries()) {
    const line = i + 1
    if (words.length === 0) continue
    const opens = words[words.length - 1] === '{'
    const rest = opens ? words.slice(0, -1) : words
    if (words[0] === '}') {
      if (plugin) plugin = null
      else if (server) {
        const made = serverBlock(server.keys, server.plugins)
        if (typeof made === 'string') return `${path}:${line} - Error during parsing: ${made}`
        blocks.push(made)
        server = null
      } else return `${path}:${line} - Error during parsing: Unexpected '}' because no matching opening brace`
    } else if (plugin) plugin.block.push(words)
    else if (server) {
      if (!KNOWN.has(rest[0])) return `${path}:${line} - Error during parsing: Unknown directive '${rest[0]}'`
      const made: PluginConfig = { name: rest[0], args: rest.slice(1), block: [], line }
      server.plugins.push(made)
      if (opens) plugin = made
    } else {
      keys.push(...rest.map((w) => w.replace(/,$/, '')))
      if (!opens) continue
      server = { keys, plugins: [] }
      keys = []
    }
  }
  if (server || plugin) return `${path}:${lines.length} - Error during parsing: Unexpected EOF`
  return blocks
}

function serverBlock(keys: readonly string[], plugins: PluginConfig[]): ServerBlock | string {
  let port = 53
  const zones: string[] = []
  for (const key of keys) {
    const match = /^(?:dns:\/\/)?([^:]*)(?::(\d+))?$/.exec(key)
    if (!match) return `invalid zone: ${key}`
    if (match[2]) port = Number(match[2])
    zones.push(normalName(match[1]))
  }
  return { zones, port, plugins }
}

/** Lower case without the dot at the end. */
export function normalName(name: string): string {
  return name.toLowerCase().replace(/\.$/, '')
}

function tokens(line: string): string[] {
  const words: string[] = []
  const pattern = /"((?:[^"\\]|\\.)*)"|(#.*)|(\S+)/g
  for (let match = pattern.exec(line); match; match = pattern.exec(line)) {
    if (match[2] !== undefined) break
    words.push(match[1] ?? match[3])
  }
  return words
}
