/**
 * MySQL and MariaDB servers as far as a client sees them before it has logged in: the greeting of protocol 10 on port 3306,
 * then a refusal. Truth: dev.mysql.com/doc/dev/mysql-server "Protocol::HandshakeV10".
 *
 * Omits: SQL.
 */
import { isErrno, strerror } from '../../base/errno.ts'
import { utf8Encode } from '../../base/utf8.ts'
import { recvTcp, sendTcp, serveTcp } from '../../linux/libc/sockets.ts'
import type { Process } from '../../linux/process.ts'
import type { Program } from '../../linux/program.ts'
import { debianBase, installProgram } from '../base-image.ts'
import type { Image } from '../image.ts'

const PORT = 3306
const SERVERS = ['mysqld', 'mariadbd']
const PASSWORDS = ['MYSQL_ROOT_PASSWORD', 'MYSQL_ALLOW_EMPTY_PASSWORD', 'MYSQL_RANDOM_ROOT_PASSWORD']

export function mysqlImage(name: 'mysql' | 'mariadb'): Image {
  const version = name === 'mysql' ? '8.4.6' : '11.8.2-MariaDB'
  return {
    sizeBytes: 232_144_128,
    build: () => ({
      entrypoint: ['docker-entrypoint.sh'],
      cmd: [name === 'mysql' ? 'mysqld' : 'mariadbd'],
      env: [['MYSQL_MAJOR', version.slice(0, 3)]],
      install(fs) {
        debianBase(fs)
        fs.mkdir('/var/lib/mysql', { parents: true })
        installProgram(fs, '/usr/local/bin/docker-entrypoint.sh', server(version, name === 'mysql' ? 'MySQL Server' : 'MariaDB Server'))
      },
    }),
  }
}

/** `date --rfc-3339=seconds` */
function entrypointTime(proc: Process): string {
  return proc.world.nowIso().replace('T', ' ').replace('Z', '+00:00')
}

function server(version: string, product: string): Program {
  return function* (proc, argv) {
    // As the real script: options and the server's own name start the server, other words are a command.
    if (argv[1] !== undefined && !argv[1].startsWith('-') && !SERVERS.includes(argv[1])) return yield* proc.run({ argv: argv.slice(1) })
    const set = PASSWORDS.some((name) => proc.env.has(name) || proc.env.has(name.replace('MYSQL', 'MARIADB')))
    if (!set) {
      proc.error(`${entrypointTime(proc)} [ERROR] [Entrypoint]: Database is uninitialized and password option is not specified\n    You need to specify one of the following as an environment variable:\n    - MYSQL_ROOT_PASSWORD\n    - MYSQL_ALLOW_EMPTY_PASSWORD\n    - MYSQL_RANDOM_ROOT_PASSWORD\n`)
      return 1
    }
    proc.error(`${entrypointTime(proc)} [Note] [Entrypoint]: Entrypoint script for ${product} ${version} started.\n`)
    yield* proc.work(400_000)
    const listener = proc.netns.sockets.tcpListen({ address: null, port: PORT, owner: proc.owner })
    if (isErrno(listener)) {
      proc.error(`[ERROR] [Server] Can't start server: Bind on TCP/IP port: ${strerror(listener)}\n`)
      return 1
    }
    for (const signal of ['SIGTERM', 'SIGINT'] as const) proc.onSignal(signal, () => proc.exit(0))
    proc.error(`${proc.world.nowIso().slice(0, -1)}.${String(proc.world.clock.nowUs % 1_000_000).padStart(6, '0')}Z 0 [System] [MY-010931] [Server] /usr/sbin/mysqld: ready for connections. Version: '${version}'  socket: '/var/run/mysqld/mysqld.sock'  port: ${PORT}  MySQL Community Server - GPL.\n`)
    let connection = 7
    return yield* serveTcp(proc, listener, function* (thread, socket) {
      connection += 1
      yield* sendTcp(thread, socket, greeting(version, connection))
      const login = yield* recvTcp(thread, socket, 10_000_000)
      if (login instanceof Uint8Array) yield* sendTcp(thread, socket, refusal())
    })
  }
}

/** A packet: length (3 bytes, little endian), sequence number, payload. */
function packet(sequence: number, payload: number[]): Uint8Array {
  return Uint8Array.from([payload.length & 255, (payload.length >> 8) & 255, payload.length >> 16, sequence, ...payload])
}

function greeting(version: string, connection: number): Uint8Array {
  const salt = [...utf8Encode('vethlab!'), 0]
  return packet(0, [
    10, ...utf8Encode(version), 0, connection & 255, (connection >> 8) & 255, 0, 0, ...salt, 0xff, 0xff, 255, 2, 0, 0xff, 0xdf, 21,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ...utf8Encode('mysql-in-a-l'), 0, ...utf8Encode('caching_sha2_password'), 0,
  ])
}

function refusal(): Uint8Array {
  return packet(2, [0xff, 0x15, 0x04, ...utf8Encode("#28000Access denied for user 'root' (this server only says hello)")])
}
