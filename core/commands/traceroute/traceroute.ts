/**
 * traceroute(8) of Debian (Dmitry Butskoy's 2.1) with UDP, ICMP and TCP probes, and busybox's.
 * Sixteen probes are on their way at once; a probe is given up after -w seconds, or sooner when its neighbours answered fast.
 * Omits: -g, -A, -e, --mtu, --back, other modules, packet length in busybox's look.
 */
import { isErrno, strerror } from '../../base/errno.ts'
import { formatIp, type IpAddr, isV6, parseIp } from '../../net/addr/ip.ts'
import { resolveHost } from '../../linux/libc/resolver.ts'
import type { Process } from '../../linux/process.ts'
import type { Executable } from '../../linux/program.ts'
import { firstOf, sleepWait, type Wait } from '../../linux/wait.ts'
import { nameOf, RESOLVE_ERRORS, servicePort } from '../name-service.ts'
import { parseOptions } from '../options.ts'
import { openProber, type ProbeAnswer, type ProbeMethod } from './prober.ts'

const SIMULTANEOUS = 16

interface Settings {
  host: string
  dst: IpAddr
  method: ProbeMethod
  firstHop: number
  maxHops: number
  queries: number
  waitUs: number
  here: number
  near: number
  numeric: boolean
  port: number
  src: IpAddr | undefined
  packetBytes: number
  simultaneous: number
}

interface Probe {
  ttl: number
  sentUs: number
  answer: ProbeAnswer | null
  given: boolean
}

const spec = {
  short: '46dFf:g:Ii:m:N:np:q:rs:t:Tw:z:UVM:l:O:AeD',
  long: {
    icmp: 'I', tcp: 'T', udp: 'U', 'max-hops=': 'm', 'queries=': 'q', 'wait=': 'w', 'port=': 'p', 'first=': 'f', 'source=': 's', 'interface=': 'i',
    'sim-queries=': 'N', version: 'V', help: 'help', 'module=': 'M', 'dont-fragment': 'F',
  },
}

export function traceroute(style: 'debian' | 'busybox' = 'debian'): Executable {
  return {
    *program(proc, argv) {
      const options = parseOptions('traceroute', argv.slice(1), spec)
      if (typeof options === 'string') {
        proc.error(`Bad option \`${/'(.*)'/.exec(options)?.[1] ?? ''}' (argc 1)\n`)
        return 2
      }
      if (options.has('V')) {
        proc.print('Modern traceroute for Linux, version 2.1.2\n')
        return 0
      }
      if (options.operands.length === 0 || options.has('help')) {
        proc.error('Usage:\n  traceroute [ -46dFITnreAUDV ] [ -f first_ttl ] [ -i device ] [ -m max_ttl ] [ -N squeries ] [ -p port ] [ -w MAX,HERE,NEAR ] [ -q nqueries ] [ -s src_addr ] host [ packetlen ]\n')
        return options.has('help') ? 0 : 2
      }
      const [host, length] = options.operands
      const resolved = yield* resolveHost(proc, host, { family: options.has('4') ? 'ipv4' : options.has('6') ? 'ipv6' : undefined })
      if (typeof resolved === 'string') {
        if (style === 'busybox') {
          proc.error(`traceroute: bad address '${host}'\n`)
          return 1
        }
        proc.error(`${host}: ${RESOLVE_ERRORS[resolved]}\nCannot handle "host" cmdline arg \`${host}' on position 1 (argc ${argv.indexOf(host)})\n`)
        return 2
      }
      const method: ProbeMethod = options.has('I') || options.value('M') === 'icmp' ? 'icmp' : options.has('T') || options.value('M') === 'tcp' ? 'tcp' : 'udp'
      const [max, here, near] = (options.value('w') ?? '5').split(',').map(Number)
      const device = options.value('i') === undefined ? undefined : proc.netns.link(options.value('i') as string)
      const dst = resolved.addresses[0]
      const source = options.value('s') === undefined ? null : parseIp(options.value('s') as string)
      const bounded = (key: string, otherwise: number, high: number): number => Math.min(Math.max(Number(options.value(key) ?? otherwise) || otherwise, 1), high)
      const maxHops = bounded('m', 30, 255)
      if (Number(options.value('m') ?? 30) > 255) {
        proc.error('max hops cannot be more than 255\n')
        return 2
      }
      return yield* trace(proc, {
        host,
        dst,
        method,
        firstHop: bounded('f', 1, maxHops),
        maxHops,
        queries: bounded('q', 3, 10),
        waitUs: Math.max(Math.round((max || 5) * 1e6), 1000),
        here: here ?? 3,
        near: near ?? 10,
        numeric: options.has('n'),
        port: servicePort(options.value('p') ?? '') ?? (method === 'tcp' ? 80 : method === 'icmp' ? 1 : options.has('U') ? 53 : 33434),
        src: source ?? (device ? (proc.netns.sourceAddressFor(dst, device) ?? undefined) : undefined),
        packetBytes: Math.min(Math.max(Number(length ?? 0) || (style === 'busybox' ? 46 : isV6(dst) ? 80 : 60), 28), 65000),
        simultaneous: style === 'busybox' ? 1 : Math.min(Math.max(Number(options.value('N') ?? SIMULTANEOUS) || SIMULTANEOUS, 1), 64),
      })
    },
  }
}

function* trace(proc: Process, settings: Settings): Generator<Wait, number, unknown> {
  const { clock } = proc.world
  proc.print(`traceroute to ${settings.host} (${formatIp(settings.dst)}), ${settings.maxHops} hops max, ${settings.packetBytes} byte packets\n`)
  const prober = openProber(proc, settings)
  if (isErrno(prober)) {
    proc.error(`socket: ${strerror(prober)}\n`)
    return 1
  }
  const probes: Probe[] = []
  for (let hop = settings.firstHop; hop <= settings.maxHops; hop += 1) {
    for (let i = 0; i < settings.queries; i += 1) probes.push({ ttl: hop, sentUs: -1, answer: null, given: false })
  }
  let sent = 0
  let printed = 0
  /** Index of the first probe after the hop that was the destination. */
  let end = probes.length
  try {
    while (printed < end) {
      const nowUs = clock.nowUs
      for (const answer of prober.answers()) {
        const probe = probes[answer.index]
        if (!probe || probe.answer || probe.given) continue
        probe.answer = answer
        if (answer.final) end = Math.min(end, (Math.floor(answer.index / settings.queries) + 1) * settings.queries)
      }
      for (let i = printed; i < sent; i += 1) if (!probes[i].answer && nowUs >= expiry(settings, probes, i)) probes[i].given = true
      while (printed < end && (probes[printed].answer || probes[printed].given)) {
        yield* show(proc, settings, probes, printed)
        printed += 1
        if (printed % settings.queries === 0) proc.print('\n')
        if (!(yield* proc.flush())) return 141
      }
      let flying = 0
      for (let i = printed; i < sent; i += 1) if (!probes[i].answer && !probes[i].given) flying += 1
      while (sent < end && flying < settings.simultaneous) {
        const error = prober.send(sent, probes[sent].ttl)
        if (error) {
          proc.error(`${printed % settings.queries === 0 ? '' : '\n'}${error === 'ENETUNREACH' || error === 'EHOSTUNREACH' ? 'connect' : 'send'}: ${strerror(error)}\n`)
          return 1
        }
        probes[sent].sentUs = clock.nowUs
        sent += 1
        flying += 1
      }
      if (printed >= end) break
      let wakeUs = Number.MAX_SAFE_INTEGER
      for (let i = printed; i < sent; i += 1) if (!probes[i].answer && !probes[i].given) wakeUs = Math.min(wakeUs, expiry(settings, probes, i))
      if (wakeUs > clock.nowUs) yield firstOf(prober.wait, sleepWait(clock, wakeUs - clock.nowUs))
    }
  } finally {
    prober.close()
  }
  return 0
}

/** When a probe is given up: -w MAX, or HERE times an answer of the same hop, or NEAR times one of a later hop. */
function expiry(settings: Settings, probes: readonly Probe[], index: number): number {
  const probe = probes[index]
  let waitUs = settings.waitUs
  for (const [i, other] of probes.entries()) {
    if (!other.answer || other.sentUs < 0) continue
    const trip = other.answer.atUs - other.sentUs
    if (other.ttl === probe.ttl && i !== index) waitUs = Math.min(waitUs, Math.max(trip * settings.here, 10_000))
    else if (other.ttl > probe.ttl) waitUs = Math.min(waitUs, Math.max(trip * settings.near, 10_000))
  }
  return probe.sentUs + waitUs
}

function* show(proc: Process, settings: Settings, probes: readonly Probe[], index: number): Generator<Wait, void, unknown> {
  const probe = probes[index]
  const place = index % settings.queries
  if (place === 0) proc.print(`${String(probe.ttl).padStart(2)} `)
  const { answer } = probe
  if (!answer) {
    proc.print(' *')
    return
  }
  const earlier = probes.slice(index - place, index).filter((one) => one.answer)
  const last = earlier.at(-1)?.answer
  if (!last || last.from !== answer.from) {
    const address = formatIp(answer.from)
    const name = settings.numeric ? null : yield* nameOf(proc, answer.from)
    proc.print(settings.numeric ? ` ${address}` : ` ${name ?? address} (${address})`)
  }
  proc.print(`  ${((answer.atUs - probe.sentUs) / 1000).toFixed(3)} ms${answer.note === '' ? '' : ` ${answer.note}`}`)
}
