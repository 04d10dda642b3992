/**
 * A Redis server (port 6379) with the commands that tutorials use, and redis-cli. Truth: redis.io/docs (RESP2 protocol).
 *
 * Omits: persistence, replication, expiry by time, data types beyond strings, lists and counters, authentication.
 */
import { isErrno, strerror } from '../../base/errno.ts'
import { byText } from '../../base/text-order.ts'
import { utf8Decode, utf8Encode } from '../../base/utf8.ts'
import { resolveHost } from '../../linux/libc/resolver.ts'
import { type TcpSocket, connectTcp, recvTcp, sendTcp, serveTcp } from '../../linux/libc/sockets.ts'
import type { Process } from '../../linux/process.ts'
import type { Program } from '../../linux/program.ts'
import type { Wait } from '../../linux/wait.ts'
import { alpineBase, debianBase, installProgram } from '../base-image.ts'
import type { Image } from '../image.ts'

const VERSION = '8.2.1'
const PORT = 6379

export const redisImage: Image = {
  sizeBytes: 54_321_664,
  build: ({ image }) => ({
    entrypoint: ['docker-entrypoint.sh'],
    cmd: ['redis-server'],
    cwd: '/data',
    env: [['REDIS_VERSION', VERSION]],
    install(fs) {
      if (image.includes('alpine')) alpineBase(fs)
      else debianBase(fs)
      installProgram(fs, '/usr/local/bin/redis-server', server)
      installProgram(fs, '/usr/local/bin/redis-cli', client)
      installProgram(fs, '/usr/local/bin/docker-entrypoint.sh', function* (proc, argv) {
        const words = argv.slice(1)
        return yield* words[0] === 'redis-server' ? proc.exec({ program: server }, words) : proc.run({ argv: words })
      })
    },
  }),
}

const server: Program = function* (proc, argv) {
  const at = argv.indexOf('--port')
  const port = at > 0 ? Number(argv[at + 1]) : PORT
  const line = (text: string): void => proc.print(`${proc.localPid}:M ${proc.world.nowIso()} * ${text}\n`)
  const listener = proc.netns.sockets.tcpListen({ address: null, port, owner: proc.owner })
  if (isErrno(listener)) {
    line(`Warning: Could not create server TCP listening socket *:${port}: bind: ${strerror(listener)}`)
    return 1
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    proc.onSignal(signal, () => {
      line('Redis is now ready to exit, bye bye...')
      proc.exit(0)
    })
  }
  line(`oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo`)
  line(`Server initialized`)
  line(`Ready to accept connections tcp`)
  const store = new Map<string, string | string[]>()
  return yield* serveTcp(proc, listener, (thread, socket) => converse(thread, socket, store))
}

function* converse(thread: Process, socket: TcpSocket, store: Map<string, string | string[]>): Generator<Wait, void, unknown> {
  let pending = ''
  for (;;) {
    const bytes = yield* recvTcp(thread, socket)
    if (!(bytes instanceof Uint8Array)) return
    pending += utf8Decode(bytes)
    for (;;) {
      const parsed = parseCommand(pending)
      if (!parsed) break
      pending = parsed.rest
      if (parsed.words.length === 0) continue
      if (isErrno(yield* sendTcp(thread, socket, utf8Encode(execute(parsed.words, store, thread))))) return
      if (parsed.words[0].toUpperCase() === 'QUIT') return
    }
  }
}

/** An array of bulk strings, or an inline command; null when it is not complete. */
function parseCommand(text: string): { words: string[]; rest: string } | null {
  const end = text.indexOf('\n')
  if (end < 0) return null
  const first = text.slice(0, end).replace(/\r$/, '')
  if (!first.startsWith('*')) return { words: first.split(/\s+/).filter((w) => w !== ''), rest: text.slice(end + 1) }
  const words: string[] = []
  let at = end + 1
  for (let i = 0; i < Number(first.slice(1)) && i < 1024; i += 1) {
    const header = text.indexOf('\n', at)
    if (header < 0) return null
    const length = Number(text.slice(at + 1, header).trim())
    if (text.length < header + 1 + length + 2) return null
    words.push(text.slice(header + 1, header + 1 + length))
    at = header + 1 + length + 2
  }
  return { words, rest: text.slice(at) }
}

const bulk = (text: string | undefined): string => (text === undefined ? '$-1\r\n' : `$${utf8Encode(text).length}\r\n${text}\r\n`)
const list = (items: readonly string[]): string => `*${items.length}\r\n${items.map(bulk).join('')}`
const number = (value: number): string => `:${value}\r\n`

function execute(words: readonly string[], store: Map<string, string | string[]>, proc: Process): string {
  const [name, ...args] = words
  const text = (key: string): string | undefined => {
    const value = store.get(key)
    return typeof value === 'string' ? value : undefined
  }
  const items = (key: string): string[] => {
    const value = store.get(key)
    return Array.isArray(value) ? value : []
  }
  const count = (key: string, by: number): string => {
    const value = Number(text(key) ?? '0')
    if (!Number.isInteger(value)) return '-ERR value is not an integer or out of range\r\n'
    store.set(key, String(value + by))
    return number(value + by)
  }
  switch (name.toUpperCase()) {
    case 'PING': return args.length > 0 ? bulk(args[0]) : '+PONG\r\n'
    case 'ECHO': return bulk(args[0] ?? '')
    case 'SET':
      store.set(args[0] ?? '', args[1] ?? '')
      return '+OK\r\n'
    case 'GET': return bulk(text(args[0] ?? ''))
    case 'DEL': return number(args.filter((key) => store.delete(key)).length)
    case 'EXISTS': return number(args.filter((key) => store.has(key)).length)
    case 'INCR': return count(args[0] ?? '', 1)
    case 'DECR': return count(args[0] ?? '', -1)
    case 'INCRBY': return count(args[0] ?? '', Number(args[1]))
    case 'KEYS': return list([...store.keys()].sort(byText))
    case 'DBSIZE': return number(store.size)
    case 'FLUSHALL': case 'FLUSHDB':
      store.clear()
      return '+OK\r\n'
    case 'APPEND': {
      const value = (text(args[0] ?? '') ?? '') + (args[1] ?? '')
      store.set(args[0] ?? '', value)
      return number(value.length)
    }
    case 'LPUSH': case 'RPUSH': {
      const [key = '', ...values] = args
      const now = name.toUpperCase() === 'LPUSH' ? [...values].reverse().concat(items(key)) : items(key).concat(values)
      store.set(key, now)
      return number(now.length)
    }
    case 'LRANGE': {
      const all = items(args[0] ?? '')
      const end = Number(args[2] ?? -1)
      return list(all.slice(Number(args[1] ?? 0), end === -1 ? undefined : end + 1))
    }
    case 'LLEN': return number(items(args[0] ?? '').length)
    case 'QUIT': case 'SELECT': case 'AUTH': return '+OK\r\n'
    case 'CLIENT': case 'CONFIG': case 'COMMAND': return '*0\r\n'
    case 'INFO': return bulk(`# Server\r\nredis_version:${VERSION}\r\nrun_id:${proc.context.hostname}\r\ntcp_port:${PORT}\r\n\r\n# Replication\r\nrole:master\r\nconnected_slaves:0\r\n`)
    default: return `-ERR unknown command '${name}', with args beginning with: ${args.map((a) => `'${a}' `).join('')}\r\n`
  }
}

/** redis-cli -h HOST -p PORT COMMAND…; without a command it reads lines. */
const client: Program = function* (proc, argv) {
  let host = '127.0.0.1'
  let port = PORT
  const words = argv.slice(1)
  while (words[0]?.startsWith('-')) {
    const option = words.shift()
    if (option === '-h') host = words.shift() ?? host
    else if (option === '-p') port = Number(words.shift())
  }
  const found = yield* resolveHost(proc, host)
  if (typeof found === 'string') {
    proc.error(`Could not connect to Redis at ${host}:${port}: Name or service not known\n`)
    return 1
  }
  const socket = yield* connectTcp(proc, found.addresses[0], port)
  if (isErrno(socket)) {
    proc.error(`Could not connect to Redis at ${host}:${port}: ${strerror(socket)}\n`)
    return 1
  }
  const ask = function* (command: readonly string[]): Generator<Wait, boolean, unknown> {
    yield* sendTcp(proc, socket, utf8Encode(list(command)))
    let text = ''
    for (;;) {
      const bytes = yield* recvTcp(proc, socket, 5_000_000)
      if (!(bytes instanceof Uint8Array)) return false
      text += utf8Decode(bytes)
      const shown = show(text, proc.tty !== null)
      if (shown === null) continue
      proc.print(shown)
      return true
    }
  }
  if (words.length > 0) return (yield* ask(words)) ? 0 : 1
  for (;;) {
    if (proc.tty) proc.print(`${host}:${port}> `)
    const line = yield* proc.readLine()
    if (line === null || line.trim() === 'exit' || line.trim() === 'quit') return 0
    if (line.trim() !== '' && !(yield* ask(line.trim().split(/\s+/)))) {
      proc.error('Error: Server closed the connection\n')
      return 1
    }
  }
}

/** Null while the answer is not complete. */
function show(text: string, pretty: boolean): string | null {
  const end = text.indexOf('\r\n')
  if (end < 0) return null
  const head = text.slice(1, end)
  const rest = text.slice(end + 2)
  if (text[0] === '+') return `${head}\n`
  if (text[0] === '-') return pretty ? `(error) ${head}\n` : `${head}\n`
  if (text[0] === ':') return pretty ? `(integer) ${head}\n` : `${head}\n`
  if (text[0] === '$') {
    if (head === '-1') return pretty ? '(nil)\n' : '\n'
    return rest.endsWith('\r\n') ? (pretty ? `${JSON.stringify(rest.slice(0, -2))}\n` : `${rest.slice(0, -2)}\n`) : null
  }
  const parts = rest.split('\r\n')
  if (parts.length < Number(head) * 2 + 1) return null
  const values = parts.filter((_, i) => i % 2 === 1).slice(0, Number(head))
  if (values.length === 0) return pretty ? '(empty array)\n' : ''
  return values.map((v, i) => (pretty ? `${i + 1}) ${JSON.stringify(v)}\n` : `${v}\n`)).join('')
}
