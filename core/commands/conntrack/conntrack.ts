/**
 * conntrack(8): lists, deletes, counts and watches the connections of this namespace. Texts and exit codes are those of
 * conntrack-tools 1.4.7.
 *
 * Omits: -I, expectations, zones, labels, XML; -U changes marks only; [USERSPACE] after events that a program caused.
 */
import { type IpAddr, parseIp, parsePrefix, prefixContains } from '../../net/addr/ip.ts'
import type { Process } from '../../linux/process.ts'
import type { Executable } from '../../linux/program.ts'
import { type Wait, WaitQueue } from '../../linux/wait.ts'
import type { ConntrackEntry } from '../../net/netfilter/conntrack-entry.ts'
import { IPPROTO_ICMP, IPPROTO_ICMPV6 } from '../../net/packet/packet.ts'
import { type FlowStyle, formatFlow } from '../../net/netfilter/conntrack-format.ts'
import { CONNTRACK_USAGE } from './usage.ts'

const NAME = 'conntrack v1.4.7 (conntrack-tools)'
const PROTOCOLS: ReadonlyMap<string, number> = new Map([
  ['tcp', 6],
  ['udp', 17],
  ['icmp', 1],
  ['icmpv6', 58],
  ['sctp', 132],
  ['udplite', 136],
  ['dccp', 33],
  ['gre', 47],
  ['unknown', 255],
])
const PORT_PROTOCOLS: ReadonlySet<string> = new Set(['tcp', 'udp', 'sctp', 'udplite', 'dccp'])

/** Long name → key; those in `PORTS` need a protocol with ports. */
const LONG: ReadonlyMap<string, string> = new Map([
  ['dump', 'L'],
  ['create', 'I'],
  ['delete', 'D'],
  ['update', 'U'],
  ['get', 'G'],
  ['flush', 'F'],
  ['event', 'E'],
  ['counter', 'C'],
  ['stats', 'S'],
  ['version', 'V'],
  ['help', 'h'],
  ['orig-src', 's'],
  ['src', 's'],
  ['orig-dst', 'd'],
  ['dst', 'd'],
  ['reply-src', 'r'],
  ['reply-dst', 'q'],
  ['protonum', 'p'],
  ['proto', 'p'],
  ['timeout', 't'],
  ['status', 'u'],
  ['zero', 'z'],
  ['event-mask', 'e'],
  ['any-nat', 'j'],
  ['mark', 'm'],
  ['src-nat', 'n'],
  ['dst-nat', 'g'],
  ['output', 'o'],
  ['family', 'f'],
  ['buffer-size', 'b'],
])
const PORTS: ReadonlyMap<string, string> = new Map([
  ['orig-port-src', 'sport'],
  ['sport', 'sport'],
  ['orig-port-dst', 'dport'],
  ['dport', 'dport'],
  ['reply-port-src', 'rsport'],
  ['reply-port-dst', 'rdport'],
  ['state', 'state'],
])
const COMMANDS = 'LDUGFECSVh'
/** Options that take no value. */
const BARE: ReadonlySet<string> = new Set(['L', 'D', 'U', 'G', 'F', 'E', 'C', 'S', 'V', 'h', 'z', 'n', 'g', 'j'])
/** Of those, the ones that may have one. */
const MAYBE: ReadonlySet<string> = new Set(['n', 'g', 'j'])

class Usage {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

interface Query {
  command: string
  tests: ((entry: ConntrackEntry) => boolean)[]
  style: FlowStyle
  timestamp: boolean
  events: ReadonlySet<string>
  mark: { value: number; mask: number } | null
  /** `-s` and `-d` were both given. */
  endsGiven: boolean
}

export const conntrack: Executable = {
  *program(proc, argv) {
    const query = parse(argv.slice(1))
    if (query instanceof Usage) {
      proc.error(`${NAME}: ${query.text}\nTry \`conntrack -h' or 'conntrack --help' for more information.\n`)
      return 2
    }
    return yield* run(proc, query)
  },
}

function* run(proc: Process, query: Query): Generator<Wait, number, unknown> {
  const table = proc.netns.netfilter.conntrack
  const { nowUs } = proc.world.clock
  const selected = () => table.entries().filter((entry) => query.tests.every((test) => test(entry)))
  const say = (text: string) => proc.error(`${NAME}: ${text}\n`)
  switch (query.command) {
    case 'h':
      proc.print(CONNTRACK_USAGE)
      return 0
    case 'V':
      proc.print(`${NAME}\n`)
      return 0
    case 'C':
      proc.print(`${table.count}\n`)
      return 0
    case 'S':
      proc.print(statistics(proc))
      return 0
    case 'F':
      table.flush()
      say('connection tracking table has been emptied.')
      return 0
    case 'E':
      return yield* watch(proc, query)
    case 'L': {
      const flows = selected()
      for (const entry of flows) {
        proc.print(`${formatFlow(entry, nowUs, query.style)}\n`)
        if (!(yield* proc.flush())) return 1
      }
      say(`${flows.length} flow entries have been shown.`)
      return 0
    }
    case 'G': {
      if (!query.endsGiven) {
        proc.error(`${NAME}: you have to specify \`--src' and \`--dst'\nTry \`conntrack -h' or 'conntrack --help' for more information.\n`)
        return 2
      }
      const flow = selected()[0]
      if (!flow) {
        say('Operation failed: No such file or directory')
        return 1
      }
      proc.print(`${formatFlow(flow, nowUs, query.style)}\n`)
      say('1 flow entries have been shown.')
      return 0
    }
    default: {
      const flows = selected()
      for (const entry of flows) proc.print(`${formatFlow(entry, nowUs, query.style)}\n`)
      if (query.command === 'D') {
        const doomed = new Set(flows)
        table.delete({ where: (entry) => doomed.has(entry) })
      } else if (query.mark) for (const entry of flows) table.setMark(entry, ((entry.mark & ~query.mark.mask) | query.mark.value) >>> 0)
      say(`${flows.length} flow entries have been ${query.command === 'D' ? 'deleted' : 'updated'}.`)
      return flows.length === 0 ? 1 : 0
    }
  }
}

function statistics(proc: Process): string {
  const { stats } = proc.netns.netfilter.conntrack
  const words = [
    `found=${stats.found} invalid=${stats.invalid} insert=${stats.insert} insert_failed=${stats.insertFailed} drop=${stats.drop}`,
    `early_drop=${stats.earlyDrop} error=${stats.error} search_restart=${stats.searchRestart} clash_resolve=${stats.clashResolve}`,
    'chaintoolong=0 \n',
  ]
  return `cpu=0   \t${words.join(' ')}`
}

const EVENT_WORDS: ReadonlyMap<string, string> = new Map([
  ['NEW', '    [NEW]'],
  ['UPDATE', ' [UPDATE]'],
  ['DESTROY', '[DESTROY]'],
])

/** `-E`: until somebody ends it. */
function* watch(proc: Process, query: Query): Generator<Wait, number, unknown> {
  const arrived = new WaitQueue()
  const lines: string[] = []
  let shown = 0
  const { clock } = proc.world
  const stop = proc.netns.netfilter.conntrack.listen((kind, entry) => {
    if (!query.events.has(kind) || !query.tests.every((test) => test(entry))) return
    const seconds = proc.world.epochMs / 1000 + clock.nowUs / 1_000_000
    const stamp = query.timestamp ? `[${seconds.toFixed(6)}]\t` : ''
    lines.push(`${stamp}${EVENT_WORDS.get(kind)} ${formatFlow(entry, clock.nowUs, { ...query.style, event: true })}\n`)
    arrived.wake()
  })
  const end = () => {
    proc.error(`${NAME}: ${shown} flow events have been shown.\n`)
    proc.exit(0)
  }
  proc.onSignal('SIGINT', end)
  proc.onSignal('SIGTERM', end)
  try {
    for (;;) {
      for (const line of lines.splice(0)) {
        proc.print(line)
        shown += 1
      }
      if (!(yield* proc.flush())) return 1
      if (lines.length === 0) yield arrived.wait
    }
  } finally {
    stop()
  }
}

function parse(words: readonly string[]): Query | Usage {
  const query: Query = {
    command: '',
    tests: [],
    style: { extended: false, id: false, event: false },
    timestamp: false,
    events: new Set(['NEW', 'UPDATE', 'DESTROY']),
    mark: null,
    endsGiven: false,
  }
  const given = new Map<string, string>()
  let protocol = ''
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at]
    const long = /^--([a-z-]+)(?:=(.*))?$/.exec(word)
    const short = /^-([A-Za-z])(.*)$/.exec(word)
    const port = long ? PORTS.get(long[1]) : undefined
    const key = port !== undefined && PORT_PROTOCOLS.has(protocol) ? port : long ? LONG.get(long[1]) : short?.[1]
    if (key === undefined || (!COMMANDS.includes(key) && !BARE.has(key) && ![...LONG.values(), ...PORTS.values()].includes(key))) {
      return word.startsWith('-') ? new Usage(`unknown option \`${word}'`) : new Usage(`unknown argument \`${word}'`)
    }
    let value = long ? long[2] : short?.[2] === '' ? undefined : short?.[2]
    const next = words[at + 1]
    if (value === undefined && next !== undefined && (!BARE.has(key) || (MAYBE.has(key) && !next.startsWith('-')))) {
      value = next
      at += 1
    }
    if (value === undefined && !BARE.has(key)) return new Usage(`option \`${word}' requires an argument`)
    if (COMMANDS.includes(key) && key !== 'f') {
      query.command = key
      if (next !== undefined && !next.startsWith('-') && 'LDEFCGU'.includes(key)) {
        if (next !== 'conntrack' && next !== 'expect' && next !== 'dying' && next !== 'unconfirmed')
          return new Usage(`unknown type \`${next}'`)
        at += 1
      }
      continue
    }
    if (key === 'p') protocol = value ?? ''
    given.set(key, value ?? '')
  }
  if (query.command === '') {
    query.command = 'h'
    return query
  }
  return addTests(query, given)
}

function addTests(query: Query, given: ReadonlyMap<string, string>): Query | Usage {
  for (const [key, value] of given) {
    const problem = addTest(query, key, value)
    if (problem) return problem
  }
  query.endsGiven = given.has('s') && given.has('d')
  return query
}

/** What one option asks of a connection. */
function addTest(query: Query, key: string, value: string): Usage | null {
  const { tests } = query
  switch (key) {
    case 's':
      return addressTest(tests, value, (entry) => entry.original.src)
    case 'd':
      return addressTest(tests, value, (entry) => entry.original.dst)
    case 'r':
      return addressTest(tests, value, (entry) => entry.reply.src)
    case 'q':
      return addressTest(tests, value, (entry) => entry.reply.dst)
    case 'p': {
      const number = PROTOCOLS.get(value) ?? (/^\d{1,3}$/.test(value) ? Number(value) : undefined)
      if (number === undefined) return new Usage(`\`${value}' unsupported protocol`)
      tests.push((entry) => entry.original.protocol === number)
      return null
    }
    case 'f':
      if (value !== 'ipv4' && value !== 'ipv6') return new Usage(`\`${value}' unsupported protocol`)
      tests.push((entry) => entry.version === (value === 'ipv4' ? 4 : 6))
      return null
    case 'sport':
    case 'dport':
    case 'rsport':
    case 'rdport': {
      const port = Number(value)
      tests.push(
        ({ original, reply }) =>
          (key === 'sport' ? original.sport : key === 'dport' ? original.dport : key === 'rsport' ? reply.sport : reply.dport) === port,
      )
      return null
    }
    case 'state':
      tests.push((entry) => entry.tcpState === value.toUpperCase())
      return null
    case 'm':
      return markOption(query, value)
    case 'u':
      return statusTest(tests, value)
    case 'n':
    case 'g':
    case 'j':
      return natTest(tests, key, value)
    case 'o':
      return outputOption(query, value)
    case 'e': {
      const words = value
        .toUpperCase()
        .split(',')
        .map((word) => (word === 'UPDATES' ? 'UPDATE' : word))
      if (words.some((word) => !EVENT_WORDS.has(word) && word !== 'ALL')) return new Usage(`Bad parameter \`${value}'`)
      if (!words.includes('ALL')) query.events = new Set(words)
      return null
    }
    default:
      return null
  }
}

function addressTest(tests: Query['tests'], text: string, get: (entry: ConntrackEntry) => IpAddr): Usage | null {
  const prefix = parsePrefix(text)
  if (!prefix) return new Usage(`Invalid IP address \`${text}'`)
  tests.push((entry) => prefixContains(prefix, get(entry)))
  return null
}

function markOption(query: Query, text: string): Usage | null {
  const parts = /^(0x[0-9a-fA-F]+|\d+)(?:\/(0x[0-9a-fA-F]+|\d+))?$/.exec(text)
  if (!parts) return new Usage(`Bad parameter \`${text}'`)
  const value = Number(parts[1])
  const mask = parts[2] === undefined ? 0xffffffff : Number(parts[2])
  query.mark = { value, mask }
  if (query.command !== 'U') query.tests.push((entry) => (entry.mark & mask) >>> 0 === value)
  return null
}

function statusTest(tests: Query['tests'], text: string): Usage | null {
  for (const word of text.toUpperCase().split(',')) {
    if (word === 'ASSURED') tests.push((entry) => entry.assured)
    else if (word === 'SEEN_REPLY') tests.push((entry) => entry.seenReply)
    else if (word === 'UNREPLIED' || word === 'UNSET') tests.push((entry) => !entry.seenReply)
    else if (word === 'CONFIRMED') tests.push((entry) => entry.confirmed)
    else if (word === 'SRC_NAT' || word === 'SRC_NAT_DONE') tests.push((entry) => entry.snat)
    else if (word === 'DST_NAT' || word === 'DST_NAT_DONE') tests.push((entry) => entry.dnat)
    else return new Usage(`Bad parameter \`${text}'`)
  }
  return null
}

function natTest(tests: Query['tests'], key: string, text: string): Usage | null {
  const ip = text === '' ? null : parseIp(text)
  if (text !== '' && ip === null) return new Usage(`Invalid IP address \`${text}'`)
  const isIcmp = (entry: ConntrackEntry) => entry.original.protocol === IPPROTO_ICMP || entry.original.protocol === IPPROTO_ICMPV6
  const source = ({ original, reply }: ConntrackEntry) => original.src !== reply.dst && (ip === null || reply.dst === ip)
  const destination = ({ original, reply }: ConntrackEntry) => original.dst !== reply.src && (ip === null || reply.src === ip)
  const ports = (entry: ConntrackEntry, side: 'src' | 'dst') =>
    ip === null &&
    !isIcmp(entry) &&
    (side === 'src' ? entry.original.sport !== entry.reply.dport : entry.original.dport !== entry.reply.sport)
  tests.push(
    (entry) => (key !== 'g' && (source(entry) || ports(entry, 'src'))) || (key !== 'n' && (destination(entry) || ports(entry, 'dst'))),
  )
  return null
}

function outputOption(query: Query, text: string): Usage | null {
  for (const word of text.split(',')) {
    if (word === 'extended') query.style = { ...query.style, extended: true }
    else if (word === 'id') query.style = { ...query.style, id: true }
    else if (word === 'timestamp') query.timestamp = true
    else if (word !== 'ktimestamp' && word !== 'labels' && word !== 'userspace' && word !== 'save' && word !== 'xml')
      return new Usage(`Bad parameter \`${text}'`)
  }
  return null
}
