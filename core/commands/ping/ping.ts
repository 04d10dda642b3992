/**
 * ping(8) of iputils 20221126, and busybox's. Both send ICMP echo requests and differ in what they print.
 * Omits: flood output, record route, time stamps of the IP header, node information queries, patterns, audible pings.
 */
import { isErrno, strerror } from '../../base/errno.ts'
import { formatIp, type IpAddr, isV6, parseIp } from '../../net/addr/ip.ts'
import { resolveHost } from '../../linux/libc/resolver.ts'
import { type IcmpSocket, socketChange } from '../../linux/libc/sockets.ts'
import type { Process } from '../../linux/process.ts'
import type { Executable } from '../../linux/program.ts'
import { firstOf, sleepWait, type Wait, WaitQueue } from '../../linux/wait.ts'
import { nameOf, RESOLVE_ERRORS } from '../name-service.ts'
import { decimalNumber, type Options, parseOptions, wholeNumber } from '../options.ts'
import { errorText } from './icmp-text.ts'
import { BUSYBOX_USAGE, PING_USAGE } from './usage.ts'

/** MAXWAIT of iputils: seconds to wait for an answer to the last request when none has come yet. */
const LINGER_US = 10_000_000
const INTERVAL_MIN_US = 1000

interface Settings {
  style: 'iputils' | 'busybox'
  /** The name as given, or as the resolver completed it. */
  shownName: string
  dst: IpAddr
  count: number
  intervalUs: number
  lingerUs: number
  deadlineUs: number
  bytes: number
  ttl: number | undefined
  df: boolean
  src: IpAddr | undefined
  oif: number | undefined
  from: string
  quiet: boolean
  outstanding: boolean
  stamps: boolean
  /** The name that replies show, or '' for addresses only. */
  replyName: string
}

export const ping: Executable = {
  *program(proc, argv) {
    const options = parseOptions('ping', argv.slice(1), { short: '46aABc:CdDe:fF:hi:I:l:Lm:M:nN:Op:qQ:rRs:S:t:T:UvVw:W:' })
    if (typeof options === 'string') {
      proc.error(`${options}\n${PING_USAGE}`)
      return 2
    }
    if (options.has('h')) {
      proc.print(PING_USAGE)
      return 2
    }
    if (options.has('V')) {
      proc.print('ping from iputils 20221126\nlibcap: yes, IDN: yes, NLS: no, error.h: yes, getrandom(): yes, __fpending(): yes\n')
      return 0
    }
    const wrong = wrongNumber(options)
    if (wrong !== null) {
      proc.error(`ping: ${wrong}\n`)
      return 1
    }
    if (options.operands.length === 0) {
      proc.error('ping: usage error: Destination address required\n')
      return 1
    }
    return yield* start(proc, options, options.operands[options.operands.length - 1])
  },
}

const LIMITS: readonly (readonly [key: string, low: number, high: string])[] = [
  ['c', 1, '9223372036854775807'], ['s', 0, '127992'], ['t', 0, '255'], ['W', 0, '2147483'], ['w', 0, '2147483647'],
]

function wrongNumber(options: Options): string | null {
  for (const [key, low, high] of LIMITS) {
    const text = options.value(key)
    if (text === undefined) continue
    const value = key === 'W' || key === 'w' ? decimalNumber(text) : wholeNumber(text)
    if (value === null) return `invalid argument: '${text}'`
    if (value < low || value > Number(high)) return `invalid argument: '${text}': out of range: ${low} <= value <= ${high}`
  }
  const interval = options.value('i')
  if (interval !== undefined && decimalNumber(interval) === null) return `invalid argument: '${interval}'`
  if (interval !== undefined && Number(interval) < 0) return `bad timing interval: ${interval}`
  const discovery = options.value('M')
  if (discovery !== undefined && !['do', 'dont', 'want', 'probe'].includes(discovery)) return `invalid -M argument: ${discovery}`
  return null
}

function* start(proc: Process, options: Options, target: string): Generator<Wait, number, unknown> {
  const family = options.has('4') ? 'ipv4' : options.has('6') ? 'ipv6' : undefined
  const resolved = yield* resolveHost(proc, target, { family })
  if (typeof resolved === 'string') {
    const numeric = parseIp(target)
    const mismatch = numeric !== null && family !== undefined && isV6(numeric) !== (family === 'ipv6')
    proc.error(`ping: ${target}: ${mismatch ? 'Address family for hostname not supported' : RESOLVE_ERRORS[resolved]}\n`)
    return 2
  }
  const dst = resolved.addresses[0]
  const numeric = parseIp(target) !== null
  let src: IpAddr | undefined
  let oif: number | undefined
  let from = ''
  const source = options.value('I')
  if (source !== undefined) {
    const ip = parseIp(source)
    const device = ip === null ? proc.netns.link(source) : undefined
    if (ip === null && !device) {
      proc.error(`ping: SO_BINDTODEVICE ${source}: No such device\n`)
      return 2
    }
    if (ip !== null && !proc.netns.fib.isLocal(ip)) {
      proc.error(`ping: bind: Cannot assign requested address\n`)
      return 2
    }
    oif = device?.ifindex
    src = ip ?? (device ? (proc.netns.sourceAddressFor(dst, device) ?? undefined) : undefined)
    if (src !== undefined) from = `from ${formatIp(src)} ${device ? device.name : ''}: `
  } else {
    const route = proc.netns.fib.lookup({ dst })
    if (route.type === 'none' || route.type === 'unreachable' || route.type === 'prohibit' || route.type === 'blackhole') {
      const why = route.type === 'unreachable' ? 'No route to host' : route.type === 'prohibit' ? 'Permission denied' : route.type === 'blackhole' ? 'Invalid argument' : 'Network is unreachable'
      proc.error(`ping: connect: ${why}\n`)
      return 2
    }
    if (route.type === 'broadcast' && !options.has('b')) {
      proc.error('ping: Do you want to ping broadcast? Then -b. If not, check your local firewall rules\n')
      return 2
    }
  }
  const seconds = (key: string, otherwise: number): number => (options.has(key) ? Math.round(Number(options.value(key)) * 1e6) : otherwise)
  const shownName = numeric ? target : resolved.canonicalName || target
  const replyName = numeric || options.has('n') ? '' : ((yield* nameOf(proc, dst)) ?? '')
  return yield* run(proc, {
    style: 'iputils',
    shownName,
    dst,
    count: options.has('c') ? Number(options.value('c')) : 0,
    intervalUs: Math.max(options.has('f') && !options.has('i') ? 10_000 : seconds('i', 1_000_000), INTERVAL_MIN_US),
    lingerUs: seconds('W', LINGER_US),
    deadlineUs: seconds('w', 0),
    bytes: Number(options.value('s') ?? 56),
    ttl: options.has('t') ? Number(options.value('t')) : undefined,
    df: options.value('M') === 'do' || options.value('M') === 'probe',
    src,
    oif,
    from,
    quiet: options.has('q', 'f'),
    outstanding: options.has('O'),
    stamps: options.has('D'),
    replyName,
  })
}

export const busyboxPing: Executable = {
  *program(proc, argv) {
    const options = parseOptions(argv[0], argv.slice(1), { short: '46c:s:i:At:I:W:w:qp:n' })
    if (typeof options === 'string' || options.operands.length === 0) {
      proc.error(`${typeof options === 'string' ? `${options}\n` : ''}${BUSYBOX_USAGE}`)
      return 1
    }
    const target = options.operands[0]
    const resolved = yield* resolveHost(proc, target, { family: options.has('6') ? 'ipv6' : options.has('4') ? 'ipv4' : undefined })
    if (typeof resolved === 'string') {
      proc.error(`ping: bad address '${target}'\n`)
      return 1
    }
    const source = options.value('I')
    const device = source === undefined ? undefined : proc.netns.link(source)
    const src = source === undefined ? undefined : (parseIp(source) ?? (device ? proc.netns.sourceAddressFor(resolved.addresses[0], device) : null) ?? undefined)
    const seconds = (key: string, otherwise: number): number => (options.has(key) ? Math.round((Number(options.value(key)) || 0) * 1e6) : otherwise)
    return yield* run(proc, {
      style: 'busybox',
      shownName: target,
      dst: resolved.addresses[0],
      count: Number(options.value('c') ?? 0) || 0,
      intervalUs: Math.max(seconds('i', 1_000_000), INTERVAL_MIN_US),
      lingerUs: seconds('W', LINGER_US),
      deadlineUs: seconds('w', 0),
      bytes: Number(options.value('s') ?? 56) || 0,
      ttl: options.has('t') ? Number(options.value('t')) : undefined,
      df: false,
      src,
      oif: device?.ifindex,
      from: '',
      quiet: options.has('q'),
      outstanding: false,
      stamps: false,
      replyName: '',
    })
  },
}

/** What has happened so far; times in microseconds. */
class Tally {
  sent = 0
  received = 0
  duplicates = 0
  errors = 0
  firstUs = 0
  lastUs = 0
  minUs = Number.MAX_SAFE_INTEGER
  maxUs = 0
  sumUs = 0
  sumSquares = 0
  /** Most requests that were on their way at once. */
  pipe = 0
  readonly sentUs = new Map<number, number>()
  readonly answered = new Set<number>()

  acknowledge(seq: number): void {
    const behind = (this.sent - seq) & 0xffff
    if (behind <= 0x7fff) this.pipe = Math.max(this.pipe, behind + 1)
  }

  roundTrip(us: number): void {
    this.received += 1
    this.minUs = Math.min(this.minUs, us)
    this.maxUs = Math.max(this.maxUs, us)
    this.sumUs += us
    this.sumSquares += us * us
  }
}

function* run(proc: Process, settings: Settings): Generator<Wait, number, unknown> {
  const { clock } = proc.world
  const socket = proc.netns.sockets.icmpOpen({ owner: proc.owner })
  if (isErrno(socket)) {
    proc.error(`ping: socket: ${strerror(socket)}\n`)
    return 2
  }
  const stopped = new WaitQueue()
  let stop = false
  proc.onSignal('SIGINT', () => {
    stop = true
    stopped.wake()
  })
  const tally = new Tally()
  const busybox = settings.style === 'busybox'
  const header = isV6(settings.dst) ? 48 : 28
  const address = formatIp(settings.dst)
  if (busybox) proc.print(`PING ${settings.shownName} (${address}): ${settings.bytes} data bytes\n`)
  else if (isV6(settings.dst)) proc.print(`PING ${settings.shownName}(${address}) ${settings.from}${settings.bytes} data bytes\n`)
  else proc.print(`PING ${settings.shownName} (${address}) ${settings.from}${settings.bytes}(${settings.bytes + header}) bytes of data.\n`)
  tally.firstUs = clock.nowUs
  tally.lastUs = clock.nowUs
  const endUs = settings.deadlineUs > 0 ? clock.nowUs + settings.deadlineUs : Number.MAX_SAFE_INTEGER
  let nextUs = clock.nowUs
  let giveUpUs = endUs
  try {
    while (!stop) {
      const nowUs = clock.nowUs
      const mayDone = settings.count > 0 && tally.received + tally.errors >= settings.count
      if (mayDone || nowUs >= giveUpUs || nowUs >= endUs) break
      const allSent = settings.count > 0 && tally.sent >= settings.count && !(settings.deadlineUs > 0 && !busybox)
      if (!allSent && nowUs >= nextUs) {
        if (settings.outstanding && tally.sent > 0 && !tally.answered.has(tally.sent)) proc.print(`no answer yet for icmp_seq=${tally.sent}\n`)
        const failure = send(proc, socket, settings, tally)
        if (failure !== null) return failure
        nextUs = nowUs + settings.intervalUs
        if (settings.count > 0 && tally.sent >= settings.count && !(settings.deadlineUs > 0 && !busybox)) {
          const patience = tally.received > 0 && !busybox ? Math.max(2 * tally.maxUs, settings.intervalUs) : settings.lingerUs
          giveUpUs = Math.min(endUs, nowUs + patience)
        }
        continue
      }
      if (!(yield* receive(proc, socket, settings, tally))) {
        const wakeUs = Math.min(giveUpUs, endUs, allSent ? Number.MAX_SAFE_INTEGER : nextUs)
        yield firstOf(socketChange(socket), stopped.wait, sleepWait(clock, wakeUs - clock.nowUs))
      }
    }
    while (yield* receive(proc, socket, settings, tally)) if (stop) break
  } finally {
    socket.close()
  }
  proc.print(busybox ? busyboxStatistics(settings, tally) : statistics(settings, tally))
  return tally.received === 0 ? 1 : settings.deadlineUs > 0 && settings.count > 0 && tally.received < settings.count ? 1 : 0
}

/** An exit code when the program cannot go on. */
function send(proc: Process, socket: IcmpSocket, settings: Settings, tally: Tally): number | null {
  const busybox = settings.style === 'busybox'
  const nowUs = proc.world.clock.nowUs
  tally.sent += 1
  const seq = (busybox ? tally.sent - 1 : tally.sent) & 0xffff
  const { dst, bytes, ttl, src, oif } = settings
  const error = socket.sendEcho({ dst, id: proc.pid & 0xffff, seq, bytes, ttl, df: settings.df ? true : undefined, src, oif })
  tally.sentUs.set(seq, nowUs)
  tally.lastUs = nowUs
  if (error === null) return null
  if (busybox) {
    proc.error(`ping: sendto: ${strerror(error)}\n`)
    return 1
  }
  if (error === 'EMSGSIZE') {
    tally.errors += 1
    const mtu = socket.pathMtu(dst, src, oif)
    if (!settings.quiet) proc.error(`ping: local error: message too long, mtu=${isErrno(mtu) ? 0 : mtu}\n`)
  } else if (!settings.quiet) proc.error(`ping: sendmsg: ${strerror(error)}\n`)
  return null
}

/** Handles one message; false when there is none. */
function* receive(proc: Process, socket: IcmpSocket, settings: Settings, tally: Tally): Generator<Wait, boolean, unknown> {
  const message = socket.recv()
  if (message === 'again') return false
  const busybox = settings.style === 'busybox'
  const v6 = isV6(settings.dst)
  const from = formatIp(message.from)
  if (message.type === (v6 ? 129 : 0)) {
    const sentUs = tally.sentUs.get(message.seq)
    const known = sentUs !== undefined
    const duplicate = tally.answered.has(message.seq)
    const tripUs = known ? Math.max(0, Math.round(message.atUs - sentUs)) : 0
    tally.answered.add(message.seq)
    if (!busybox) tally.acknowledge(message.seq)
    if (duplicate) tally.duplicates += 1
    else tally.roundTrip(tripUs)
    if (settings.quiet) return true
    const stamp = settings.stamps ? `[${((proc.world.epochMs + message.atUs / 1000) / 1000).toFixed(6)}] ` : ''
    const who = settings.replyName === '' ? from : `${settings.replyName} (${from})`
    const time = settings.bytes < 16 && !busybox ? '' : ` time=${busybox ? milliseconds(tripUs) : shownTime(tripUs)} ms`
    const mark = duplicate ? (busybox ? ' (DUP!)' : ' (DUP!)') : ''
    proc.print(`${stamp}${settings.bytes + 8} bytes from ${who}: ${busybox ? 'seq' : 'icmp_seq'}=${message.seq} ttl=${message.ttl}${time}${mark}\n`)
    if (!(yield* proc.flush())) proc.exit(141)
    return true
  }
  if (busybox) return true
  const text = errorText(message.type, message.code, message.mtu, v6)
  if (text === null) return true
  tally.acknowledge(message.seq)
  tally.errors += 1
  if (!settings.quiet) proc.print(`From ${from} icmp_seq=${message.seq} ${text}\n`)
  return true
}

function milliseconds(us: number): string {
  return `${Math.floor(us / 1000)}.${String(Math.floor(us) % 1000).padStart(3, '0')}`
}

/** Three significant digits, as iputils prints a round trip. */
function shownTime(us: number): string {
  if (us >= 100_000 - 50) return String(Math.floor((us + 500) / 1000))
  if (us >= 10_000 - 5) return `${Math.floor((us + 50) / 1000)}.${Math.floor(((us + 50) % 1000) / 100)}`
  if (us >= 1000) return `${Math.floor((us + 5) / 1000)}.${String(Math.floor(((us + 5) % 1000) / 10)).padStart(2, '0')}`
  return milliseconds(us)
}

function statistics(settings: Settings, tally: Tally): string {
  let text = `\n--- ${settings.shownName} ping statistics ---\n${tally.sent} packets transmitted, ${tally.received} received`
  if (tally.duplicates > 0) text += `, +${tally.duplicates} duplicates`
  if (tally.errors > 0) text += `, +${tally.errors} errors`
  if (tally.sent > 0) {
    const loss = ((tally.sent - tally.received) * 100) / tally.sent
    text += `, ${general(loss)}% packet loss, time ${Math.floor((tally.lastUs - tally.firstUs) / 1000)}ms`
  }
  text += '\n'
  const parts: string[] = []
  if (tally.received > 0 && settings.bytes >= 16) {
    const average = Math.floor(tally.sumUs / tally.received)
    const variance = Math.max(0, Math.floor(tally.sumSquares / tally.received) - average * average)
    parts.push(`rtt min/avg/max/mdev = ${[tally.minUs, average, tally.maxUs, wholeRoot(variance)].map(milliseconds).join('/')} ms`)
  }
  if (tally.pipe > 1) parts.push(`pipe ${tally.pipe}`)
  return `${text}${parts.join(', ')}\n`
}

function busyboxStatistics(settings: Settings, tally: Tally): string {
  const loss = tally.sent === 0 ? 0 : Math.floor(((tally.sent - tally.received) * 100) / tally.sent)
  let text = `\n--- ${settings.shownName} ping statistics ---\n${tally.sent} packets transmitted, ${tally.received} packets received, `
  if (tally.duplicates > 0) text += `${tally.duplicates} duplicates, `
  text += `${loss}% packet loss\n`
  if (tally.received === 0) return text
  const average = Math.floor(tally.sumUs / tally.received)
  return `${text}round-trip min/avg/max = ${[tally.minUs, average, tally.maxUs].map(milliseconds).join('/')} ms\n`
}

/** `%g` of a percentage: six significant digits. */
function general(value: number): string {
  return String(Number(value.toPrecision(6)))
}

/** The whole square root by Newton's method, as iputils computes it. */
function wholeRoot(value: number): number {
  if (value <= 0) return 0
  let previous = Number.MAX_SAFE_INTEGER
  let x = value
  for (let i = 0; i < 200 && x < previous; i += 1) {
    previous = x
    x = Math.floor((x + Math.floor(value / x)) / 2)
  }
  return previous
}
