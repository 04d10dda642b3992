/** nc(1) of netcat-openbsd, and of busybox where that speaks otherwise. Omits: proxies, unix sockets, telnet negotiation, -e, source routing. */
import { type Errno, isErrno, strerror } from '../../base/errno.ts'
import { utf8Decode, utf8Encode } from '../../base/utf8.ts'
import { formatIp, type IpAddr, parseIp } from '../../net/addr/ip.ts'
import { type ResolveFailure, resolveHost } from '../../linux/libc/resolver.ts'
import { acceptTcp, connectTcp, recvUdp, sendTcp, type TcpSocket } from '../../linux/libc/sockets.ts'
import type { Process } from '../../linux/process.ts'
import type { Executable } from '../../linux/program.ts'
import { firstOf, sleepWait, type Wait, WaitQueue } from '../../linux/wait.ts'
import { RESOLVE_ERRORS, serviceName, servicePort } from '../name-service.ts'
import { type Options, parseOptions } from '../options.ts'

const USAGE = `usage: nc [-46CDdFhklNnrStUuvZz] [-I length] [-i interval] [-M ttl]
	  [-m minttl] [-O length] [-P proxy_username] [-p source_port]
	  [-q seconds] [-s sourceaddr] [-T keyword] [-V rtable] [-W recvlimit]
	  [-w timeout] [-X proxy_protocol] [-x proxy_address[:port]]
	  [destination] [port]
`
const PORTS_MAX = 65536

/** What the two implementations say; of a peer, openbsd's names what is `shown`, busybox's the word given and the address. */
interface Dialect {
  usage: string
  unresolved(host: string, port: string, error: ResolveFailure): string
  open(peer: Peer): string
  failed(peer: Peer, error: Errno, late: boolean, verbosity: number): string
  listening(host: string, port: number): string
  accepted(socket: TcpSocket): string
}

interface Peer {
  host: string
  shown: string
  address: IpAddr
  port: number
  protocol: string
  service: string
}

const OPENBSD: Dialect = {
  usage: USAGE,
  unresolved: (host, port, error) => `nc: getaddrinfo for host "${host}" port ${port}: ${RESOLVE_ERRORS[error]}\n`,
  open: ({ shown, port, protocol, service }) => `Connection to ${shown} ${port} port [${protocol}/${service}] succeeded!\n`,
  failed: ({ shown, port }, error, late) =>
    `nc: connect to ${shown} port ${port} (tcp) ${late ? 'timed out: Operation now in progress' : `failed: ${strerror(error)}`}\n`,
  listening: (host, port) => `Listening on ${host === '' ? '0.0.0.0' : host} ${port}\n`,
  accepted: (socket) => `Connection received on ${formatIp(socket.remoteAddress)} ${socket.remotePort}\n`,
}

const dotted = ({ host, address, port }: Peer): string => `${host} (${formatIp(address)}:${port})`

const BUSYBOX: Dialect = {
  usage: `BusyBox v1.36.1 multi-call binary.

Usage: nc [OPTIONS] HOST PORT  - connect
nc [OPTIONS] -l -p PORT [HOST] [PORT]  - listen

	-l	Listen
	-k	With -l: serve one connection after the other
	-p PORT	Local port
	-s ADDR	Local address
	-w SEC	Give up after this time
	-i SEC	Pause between lines
	-n	No names
	-u	UDP
	-v	Tell what happens
	-z	Only probe
`,
  unresolved: (host) => `nc: bad address '${host}'\n`,
  open: (peer) => `${dotted(peer)} open\n`,
  // One -v is for scans: what refuses is not worth a line.
  failed: (peer, error, _late, verbosity) => (verbosity > 1 || error !== 'ECONNREFUSED' ? `nc: ${dotted(peer)}: ${strerror(error)}\n` : ''),
  listening: (host, port) => `listening on ${host === '' ? '0.0.0.0' : host}:${port} ...\n`,
  accepted: (socket) => {
    const remote = formatIp(socket.remoteAddress)
    return `connect to ${formatIp(socket.localAddress)}:${socket.localPort} from ${remote} (${remote}:${socket.remotePort})\n`
  },
}

const netcat = (dialect: Dialect): Executable => ({
  *program(proc, argv) {
    const options = parseOptions('nc', argv.slice(1), { short: '46CDdFhklNnrStUuvZzI:i:M:m:O:P:p:q:s:T:V:W:w:X:x:b' })
    if (typeof options === 'string') {
      proc.error(`${/invalid option -- 'Z'/.test(options) ? '' : `${options}\n`}${dialect.usage}`)
      return 1
    }
    if (options.has('h')) {
      proc.error(`OpenBSD netcat (Debian patchlevel 1.219-1)\n${USAGE}`)
      return 0
    }
    const operands = options.operands
    if (operands.length === 0 && !options.has('l')) {
      proc.error(dialect.usage)
      return 1
    }
    if (options.has('l')) {
      const port = options.value('p') ?? operands[operands.length - 1]
      if (port === undefined) {
        proc.error('nc: missing port number\n')
        return 1
      }
      return yield* listen(proc, options, dialect, operands.length > 1 ? operands[0] : (options.value('s') ?? ''), port)
    }
    if (operands.length < 2) {
      proc.error('nc: missing port number\n')
      return 1
    }
    return yield* connect(proc, options, dialect, operands[0], operands[1])
  },
})

export const nc = netcat(OPENBSD)
export const busyboxNc = netcat(BUSYBOX)

function readPorts(text: string): number[] | null {
  const range = /^(\d+)-(\d+)$/.exec(text)
  if (!range) {
    const port = servicePort(text)
    return port === null || port === 0 ? null : [port]
  }
  const [low, high] = [Number(range[1]), Number(range[2])].sort((a, b) => a - b)
  if (high >= PORTS_MAX) return null
  return Array.from({ length: high - low + 1 }, (_, i) => low + i)
}

function* connect(proc: Process, options: Options, dialect: Dialect, host: string, portText: string): Generator<Wait, number, unknown> {
  const ports = readPorts(portText)
  if (!ports) {
    proc.error(/^\d/.test(portText) ? `nc: port number too large: ${portText}\n` : `nc: port number invalid: ${portText}\n`)
    return 1
  }
  const udp = options.has('u')
  const protocol = udp ? 'udp' : 'tcp'
  const numeric = parseIp(host)
  const family = options.has('4') ? 'ipv4' : options.has('6') ? 'ipv6' : undefined
  const resolved = numeric !== null ? { addresses: [numeric] } : options.has('n') ? 'EAI_NONAME' : yield* resolveHost(proc, host, { family })
  if (typeof resolved === 'string') {
    proc.error(dialect.unresolved(host, portText, resolved))
    return 1
  }
  const timeoutUs = options.has('w') ? Math.max(Number(options.value('w')) || 1, 1) * 1_000_000 : undefined
  const source = options.has('s') ? parseIp(options.value('s') as string) : null
  let exitCode = 1
  for (const port of ports) {
    for (const address of resolved.addresses) {
      const shown = numeric !== null ? host : `${host} (${formatIp(address)})`
      const peer: Peer = { host, shown, address, port, protocol, service: options.has('n') ? '*' : (serviceName(port, protocol) ?? '*') }
      if (udp) {
        const code = yield* datagrams(proc, options, address, port, () => {
          if (options.has('v')) proc.error(dialect.open(peer))
        }, timeoutUs)
        if (code === 0) exitCode = 0
        break
      }
      const socket = yield* connectTcp(proc, address, port, { timeoutUs, src: source ?? undefined, sport: options.has('p') ? Number(options.value('p')) : undefined })
      if (isErrno(socket)) {
        const late = socket === 'ETIMEDOUT' && timeoutUs !== undefined
        if (options.has('v')) proc.error(dialect.failed(peer, socket, late, options.count('v')))
        continue
      }
      if (options.has('v')) proc.error(dialect.open(peer))
      exitCode = 0
      if (options.has('z')) socket.close()
      else yield* talk(proc, options, socket, timeoutUs)
      break
    }
  }
  return exitCode
}

/** Copies both ways until the peer ends, or nothing came for `-w` seconds. Standard input's end is told to the peer with -N. */
function* talk(proc: Process, options: Options, socket: TcpSocket, idleUs: number | undefined): Generator<Wait, void, unknown> {
  const inputOver = new WaitQueue()
  let quitUs = -1
  const thread = proc.thread(function* (reader) {
    for (;;) {
      const chunk = options.has('d') ? null : yield* reader.read(0)
      if (chunk === null) break
      const text = options.has('C') ? chunk.replaceAll('\n', '\r\n') : chunk
      if (yield* sendTcp(reader, socket, utf8Encode(text))) break
    }
    if (options.has('N')) socket.shutdown()
    const quit = options.value('q')
    if (quit !== undefined && Number(quit) >= 0) {
      quitUs = Number(quit) * 1_000_000
      inputOver.wake()
    }
  })
  try {
    for (;;) {
      const got = socket.recv()
      if (got === 'again') {
        const waitUs = quitUs >= 0 ? quitUs : (idleUs ?? 86_400_000_000)
        const socketWait: Wait = { start: (wake) => ((socket.onChange = () => wake()), () => { socket.onChange = null }) }
        const which = yield firstOf(socketWait, inputOver.wait, sleepWait(proc.world.clock, waitUs))
        if (which === 2 && (quitUs >= 0 || idleUs !== undefined)) return
        continue
      }
      if (got === 'eof' || isErrno(got)) return
      proc.print(utf8Decode(got))
      if (!(yield* proc.flush())) return
    }
  } finally {
    if (thread.alive) thread.terminate(0, '')
    socket.close()
  }
}

function* datagrams(
  proc: Process, options: Options, address: IpAddr, port: number, succeed: () => void, timeoutUs: number | undefined,
): Generator<Wait, number, unknown> {
  const socket = proc.netns.sockets.udpOpen({ owner: proc.owner, port: options.has('p') ? Number(options.value('p')) : undefined })
  if (isErrno(socket)) {
    proc.error(`nc: ${strerror(socket)}\n`)
    return 1
  }
  const forget = proc.atExit(() => socket.close())
  try {
    const refused: Errno | null = socket.connect(address, port)
    if (refused) return 1
    if (options.has('z') || options.has('v')) {
      // udptest(): a few datagrams; an ICMP error tells that nobody is there.
      for (let i = 0; i < 3; i += 1) {
        const sent = socket.send(utf8Encode('X'))
        if (isErrno(sent)) return 1
        const answer = yield* recvUdp(proc, socket, 1_000_000)
        if (isErrno(answer)) return 1
      }
      succeed()
      if (options.has('z')) return 0
    }
    const thread = proc.thread(function* (reader) {
      for (;;) {
        const chunk = yield* reader.read(0)
        if (chunk === null) return
        socket.send(utf8Encode(chunk))
      }
    })
    try {
      for (;;) {
        const got = yield* recvUdp(proc, socket, timeoutUs)
        if (got === 'timeout') return 0
        if (isErrno(got)) return 1
        proc.print(utf8Decode(got.bytes))
      }
    } finally {
      if (thread.alive) thread.terminate(0, '')
    }
  } finally {
    forget()
    socket.close()
  }
}

function* listen(proc: Process, options: Options, dialect: Dialect, host: string, portText: string): Generator<Wait, number, unknown> {
  const port = servicePort(portText)
  if (port === null) {
    proc.error(`nc: port number invalid: ${portText}\n`)
    return 1
  }
  const address = host === '' ? 0 : parseIp(host)
  if (options.has('u')) return yield* listenUdp(proc, options, address ?? 0, port)
  const listener = proc.netns.sockets.tcpListen({ address: address ?? 0, port, owner: proc.owner })
  if (isErrno(listener)) {
    proc.error(`nc: ${strerror(listener)}\n`)
    return 1
  }
  const forget = proc.atExit(() => listener.close())
  if (options.has('v')) proc.error(dialect.listening(host, port))
  const idleUs = options.has('w') ? Number(options.value('w')) * 1_000_000 : undefined
  try {
    do {
      const socket = yield* acceptTcp(proc, listener)
      if (!options.has('k')) listener.close()
      if (options.has('v')) proc.error(dialect.accepted(socket))
      yield* talk(proc, options, socket, idleUs)
    } while (options.has('k'))
  } finally {
    forget()
    listener.close()
  }
  return 0
}

function* listenUdp(proc: Process, options: Options, address: IpAddr, port: number): Generator<Wait, number, unknown> {
  const socket = proc.netns.sockets.udpOpen({ address, port, owner: proc.owner })
  if (isErrno(socket)) {
    proc.error(`nc: ${strerror(socket)}\n`)
    return 1
  }
  const forget = proc.atExit(() => socket.close())
  if (options.has('v')) proc.error(`Bound on 0.0.0.0 ${port}\n`)
  let told = false
  try {
    for (;;) {
      const got = yield* recvUdp(proc, socket)
      if (got === 'timeout' || isErrno(got)) continue
      if (!told && options.has('v')) proc.error(`Connection received on ${formatIp(got.src)} ${got.sport}\n`)
      if (!told) {
        socket.connect(got.src, got.sport)
        proc.thread(function* (reader) {
          for (;;) {
            const chunk = yield* reader.read(0)
            if (chunk === null) return
            socket.send(utf8Encode(chunk))
          }
        })
      }
      told = true
      // The probe datagrams of `nc -zu` are shown like any other.
      proc.print(utf8Decode(got.bytes))
    }
  } finally {
    forget()
    socket.close()
  }
}

