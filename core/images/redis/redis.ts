/**
 * A Redis server (port 6379) with the commands that tutorials use, a leader or a replica of one. Truth: redis.io/docs (RESP2,
 * redis.conf, replication), docker-library/redis.
 *
 * Omits: persistence, transactions, publish and subscribe, users; a replica gets the leader's keys as commands, not as an RDB file.
 */
import { isErrno, strerror } from '../../base/errno.ts'
import { utf8Encode } from '../../base/utf8.ts'
import { resolveHost } from '../../linux/libc/resolver.ts'
import { type TcpSocket, connectTcp, recvTcp, sendTcp, serveTcp } from '../../linux/libc/sockets.ts'
import type { Process } from '../../linux/process.ts'
import type { Program } from '../../linux/program.ts'
import type { Wait } from '../../linux/wait.ts'
import { alpineBase, debianBase, installProgram } from '../base-image.ts'
import type { Image } from '../image.ts'
import { Database, isWrite, wrongNumber } from './database.ts'
import { redisCli } from './redis-cli.ts'
import { bulk, bytesText, list, parseCommand } from './resp.ts'

const VERSION = '8.2.1'
const PORT = 6379
/** A replica without its leader tries again each second (replicationCron). */
const RECONNECT_US = 1_000_000

/** `cmd` is what runs when the pod says nothing. */
function image(cmd: readonly string[]): Image {
  return {
    sizeBytes: 54_321_664,
    build: ({ image: name }) => ({
      entrypoint: ['docker-entrypoint.sh'],
      cmd: [...cmd],
      cwd: '/data',
      env: [['REDIS_VERSION', VERSION]],
      install(fs) {
        if (name.includes('alpine')) alpineBase(fs)
        else debianBase(fs)
        installProgram(fs, '/usr/local/bin/redis-server', redisServer)
        installProgram(fs, '/usr/local/bin/redis-cli', redisCli)
        installProgram(fs, '/usr/local/bin/docker-entrypoint.sh', function* (proc, argv) {
          const words = argv.slice(1)
          // Options alone, or a configuration file alone, are for the server.
          if (words[0]?.startsWith('-') || words[0]?.endsWith('.conf')) words.unshift('redis-server')
          return yield* words[0] === 'redis-server' ? proc.exec({ program: redisServer }, words) : proc.run({ argv: words })
        })
      },
    }),
  }
}

export const redisImage = image(['redis-server'])

/** The guestbook's second image: a replica of the leader of that name. */
export function redisFollowerImage(leader: string): Image {
  return image(['redis-server', '--replicaof', leader, String(PORT)])
}

interface Leader {
  readonly host: string
  readonly port: number
}

class Server {
  readonly database: Database
  readonly port: number
  readonly password: string
  leader: Leader | null
  leaderIsThere = false
  readonly replicas = new Set<TcpSocket>()
  readonly #proc: Process

  constructor(proc: Process, settings: ReadonlyMap<string, readonly string[]>) {
    this.#proc = proc
    this.database = new Database(() => proc.world.clock.nowUs)
    this.port = Number(settings.get('port')?.[0] ?? PORT)
    this.password = settings.get('requirepass')?.[0] ?? ''
    const [host, port] = settings.get('replicaof') ?? settings.get('slaveof') ?? []
    this.leader = host === undefined ? null : { host, port: Number(port ?? PORT) }
  }

  log(text: string): void {
    const { world, localPid } = this.#proc
    this.#proc.print(`${localPid}:${this.leader ? 'S' : 'M'} ${logTime(world.nowIso(), world.clock.nowUs)} * ${text}\n`)
  }

  info(section: string): string {
    const { database, leader } = this
    const parts: [string, string[]][] = [
      ['Server', [`redis_version:${VERSION}`, 'redis_mode:standalone', `process_id:${this.#proc.localPid}`, `tcp_port:${this.port}`]],
      [
        'Replication',
        leader
          ? [
              'role:slave',
              `master_host:${leader.host}`,
              `master_port:${leader.port}`,
              `master_link_status:${this.leaderIsThere ? 'up' : 'down'}`,
              `connected_slaves:${this.replicas.size}`,
            ]
          : ['role:master', `connected_slaves:${this.replicas.size}`],
      ],
      ['Keyspace', database.size === 0 ? [] : [`db0:keys=${database.size},expires=0,avg_ttl=0`]],
    ]
    const wanted = parts.filter(([name]) => section === '' || name.toLowerCase() === section.toLowerCase())
    return wanted.map(([name, lines]) => [`# ${name}`, ...lines].map((line) => `${line}\r\n`).join('')).join('\r\n')
  }
}

const redisServer: Program = function* (proc, argv) {
  const settings = readSettings(proc, argv.slice(1))
  if (typeof settings === 'string') {
    proc.error(settings)
    return 1
  }
  const server = new Server(proc, settings)
  const listener = proc.netns.sockets.tcpListen({ address: null, port: server.port, owner: proc.owner })
  server.log('oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo')
  if (isErrno(listener)) {
    server.log(`Warning: Could not create server TCP listening socket *:${server.port}: bind: ${strerror(listener)}`)
    return 1
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    proc.onSignal(signal, () => {
      server.log('Redis is now ready to exit, bye bye...')
      proc.exit(0)
    })
  }
  server.log('Server initialized')
  server.log('Ready to accept connections tcp')
  if (server.leader) proc.thread((thread) => follow(thread, server))
  return yield* serveTcp(proc, listener, (thread, socket) => converse(thread, socket, server))
}

/** A text is why it cannot start. Words of `--option`, over the lines of a configuration file. */
function readSettings(proc: Process, words: readonly string[]): Map<string, string[]> | string {
  const settings = new Map<string, string[]>()
  let at = 0
  if (words[0] !== undefined && !words[0].startsWith('-')) {
    const text = proc.fs.read(proc.path(words[0]))
    if (isErrno(text))
      return `*** FATAL CONFIG FILE ERROR (Redis ${VERSION}) ***\nFatal error, can't open config file '${proc.path(words[0])}': ${strerror(text)}\n`
    for (const line of text.split('\n')) {
      const [name, ...values] = line.replace(/^#.*/, '').trim().split(/\s+/)
      if (name !== '')
        settings.set(
          name.toLowerCase(),
          values.map((value) => value.replace(/^"(.*)"$/, '$1')),
        )
    }
    at = 1
  }
  let current: string[] = []
  for (const word of words.slice(at)) {
    if (word.startsWith('--')) {
      current = []
      settings.set(word.slice(2).toLowerCase(), current)
    } else current.push(...word.split(/\s+/))
  }
  return settings
}

function* converse(thread: Process, socket: TcpSocket, server: Server): Generator<Wait, void, unknown> {
  let pending = ''
  let known = server.password === ''
  const say = (text: string): Generator<Wait, unknown, unknown> => sendTcp(thread, socket, utf8Encode(text))
  try {
    for (;;) {
      const bytes = yield* recvTcp(thread, socket)
      if (!(bytes instanceof Uint8Array)) return
      pending += bytesText(bytes)
      for (let parsed = parseCommand(pending); parsed; parsed = parseCommand(pending)) {
        pending = parsed.rest
        const [name = '', ...args] = parsed.words
        if (name === '') continue
        if (name.toUpperCase() === 'AUTH') {
          known = server.password === '' || args.at(-1) === server.password
          yield* say(known ? '+OK\r\n' : '-WRONGPASS invalid username-password pair or user is disabled.\r\n')
          continue
        }
        if (!known) {
          yield* say('-NOAUTH Authentication required.\r\n')
          continue
        }
        if (name.toUpperCase() === 'PSYNC') {
          const keys = server.database.snapshot().map(list).join('')
          server.replicas.add(socket)
          server.log('Synchronization with replica succeeded')
          yield* say(`+FULLRESYNC\r\n${keys}`)
          continue
        }
        yield* say(answer(parsed.words, server))
        if (name.toUpperCase() === 'QUIT') return
        if (!isWrite(name) || server.leader) continue
        for (const replica of [...server.replicas]) yield* sendTcp(thread, replica, utf8Encode(list(parsed.words)))
      }
    }
  } finally {
    server.replicas.delete(socket)
  }
}

function answer(words: readonly string[], server: Server): string {
  const [name, ...args] = words
  switch (name.toUpperCase()) {
    case 'PING':
      return args.length > 0 ? bulk(args[0]) : '+PONG\r\n'
    case 'ECHO':
      return args.length === 1 ? bulk(args[0]) : wrongNumber(name)
    case 'QUIT':
    case 'SELECT':
    case 'SAVE':
      return '+OK\r\n'
    case 'INFO':
      return bulk(server.info(args[0] ?? ''))
    case 'ROLE':
      return server.leader ? list(['slave', server.leader.host, String(server.leader.port)]) : list(['master', '0'])
    case 'CLIENT':
    case 'CONFIG':
    case 'COMMAND':
      return '*0\r\n'
    case 'REPLICAOF':
    case 'SLAVEOF':
      server.leader = null
      return '+OK\r\n'
  }
  if (server.leader && isWrite(name)) return "-READONLY You can't write against a read only replica.\r\n"
  return (
    server.database.execute(words) ??
    `-ERR unknown command '${name}', with args beginning with: ${args.map((arg) => `'${arg}' `).join('')}\r\n`
  )
}

/** A replica's own connection to its leader: all keys first, then each change. */
function* follow(thread: Process, server: Server): Generator<Wait, void, unknown> {
  while (server.leader) {
    const { host, port } = server.leader
    server.log(`Connecting to MASTER ${host}:${port}`)
    const found = yield* resolveHost(thread, host)
    const socket = typeof found === 'string' ? null : yield* connectTcp(thread, found.addresses[0], port)
    if (socket === null) server.log('Unable to connect to MASTER: Name or service not known')
    else if (isErrno(socket)) server.log(`Error condition on socket for SYNC: ${strerror(socket)}`)
    else {
      server.log('MASTER <-> REPLICA sync started')
      yield* copy(thread, server, socket)
      server.leaderIsThere = false
      socket.close()
    }
    yield* thread.sleepUs(RECONNECT_US)
  }
}

function* copy(thread: Process, server: Server, socket: TcpSocket): Generator<Wait, void, unknown> {
  yield* sendTcp(thread, socket, utf8Encode(list(['PSYNC', '?', '-1'])))
  let pending = ''
  for (;;) {
    const bytes = yield* recvTcp(thread, socket)
    if (!(bytes instanceof Uint8Array)) return
    pending += bytesText(bytes)
    for (let parsed = parseCommand(pending); parsed; parsed = parseCommand(pending)) {
      pending = parsed.rest
      if (parsed.words[0] === '+FULLRESYNC') {
        server.database.clear()
        server.leaderIsThere = true
        server.log('MASTER <-> REPLICA sync: Finished with success')
      } else server.database.execute(parsed.words)
    }
  }
}

/** `01 Jan 2026 00:00:03.120` */
function logTime(iso: string, nowUs: number): string {
  const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
  const ms = String(Math.floor(nowUs / 1000) % 1000).padStart(3, '0')
  return `${iso.slice(8, 10)} ${months[Number(iso.slice(5, 7)) - 1]} ${iso.slice(0, 4)} ${iso.slice(11, 19)}.${ms}`
}
