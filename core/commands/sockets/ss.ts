/**
 * ss(8) of iproute2 6.1 for TCP, UDP and ICMP.
 * Omits: unix and packet sockets, `-i` and `-m` details, timers, filters other than ports, addresses and states.
 */
import { formatIp, isV6, type IpAddr, parsePrefix, prefixContains } from '../../net/addr/ip.ts'
import type { Process } from '../../linux/process.ts'
import { immediate } from '../command.ts'
import { serviceName, servicePort } from '../name-service.ts'
import { type Options, parseOptions } from '../options.ts'
import { processNames, type SocketRow, socketRows } from './socket-rows.ts'

const STATES = [
  'ESTAB', 'SYN-SENT', 'SYN-RECV', 'FIN-WAIT-1', 'FIN-WAIT-2', 'TIME-WAIT', 'UNCONN', 'CLOSE-WAIT', 'LAST-ACK', 'LISTEN', 'CLOSING',
]

/** Names that `state` understands. */
const STATE_FILTERS: ReadonlyMap<string, readonly string[]> = new Map([
  ['established', ['ESTAB']], ['syn-sent', ['SYN-SENT']], ['syn-recv', ['SYN-RECV']], ['fin-wait-1', ['FIN-WAIT-1']], ['fin-wait-2', ['FIN-WAIT-2']],
  ['time-wait', ['TIME-WAIT']], ['closed', ['UNCONN']], ['close-wait', ['CLOSE-WAIT']], ['last-ack', ['LAST-ACK']], ['listening', ['LISTEN']],
  ['listen', ['LISTEN']], ['closing', ['CLOSING']], ['all', STATES],
  ['connected', ['ESTAB', 'SYN-SENT', 'SYN-RECV', 'FIN-WAIT-1', 'FIN-WAIT-2', 'TIME-WAIT', 'CLOSE-WAIT', 'LAST-ACK', 'CLOSING']],
])

const spec = {
  short: 'hVHnrlaopemitsudwx460f:A:KQNZEbO',
  long: {
    help: 'h', numeric: 'n', resolve: 'r', listening: 'l', all: 'a', processes: 'p', extended: 'e', tcp: 't', udp: 'u', summary: 's', ipv4: '4', ipv6: '6',
    'no-header': 'H', info: 'i', options: 'o', memory: 'm', raw: 'w', unix: 'x', oneline: 'O', version: 'V',
  },
}

interface Row {
  netid: string
  state: string
  cells: string[]
  socket: SocketRow
}

export const ss = immediate((proc, argv) => {
  const options = parseOptions('ss', argv.slice(1), spec)
  if (typeof options === 'string') {
    proc.error(`${options}\nUsage: ss [ OPTIONS ]\n       ss [ OPTIONS ] [ FILTER ]\n`)
    return 255
  }
  if (options.has('V')) {
    proc.print('ss utility, iproute2-6.1.0\n')
    return 0
  }
  const sockets = socketRows(proc)
  if (options.has('s')) {
    proc.print(summary(sockets))
    return 0
  }
  const filter = readFilter(options.operands)
  if (typeof filter === 'string') {
    proc.error(`ss: bison bellows (while parsing filter): "${filter}"\nError: an inet prefix is expected rather than "${filter}".\n`)
    return 1
  }
  const protocols = ['t', 'u', 'w'].filter((key) => options.has(key))
  const wanted = protocols.length === 0 ? ['udp', 'tcp', 'icmp'] : protocols.map((key) => ({ t: 'tcp', u: 'udp', w: 'icmp' })[key] as string)
  const rows: Row[] = []
  for (const protocol of ['udp', 'icmp', 'tcp']) {
    if (!wanted.includes(protocol)) continue
    for (const socket of sockets) if (socket.protocol === protocol) addRow(proc, options, filter, socket, rows)
  }
  const named = wanted.length > 1 || protocols.length === 0
  const single = filter.states !== null && filter.states.length === 1
  proc.print(table(rows, named, !single, !options.has('H')))
  return 0
})

function addRow(proc: Process, options: Options, filter: Filter, socket: SocketRow, rows: Row[]): void {
  const { state }: { state: string } = socket
  if (filter.states) {
    if (!filter.states.includes(state)) return
  } else if (options.has('l') && !options.has('a')) {
    if (state !== 'LISTEN' && state !== 'UNCONN') return
  } else if (!options.has('a') && ['LISTEN', 'UNCONN', 'TIME-WAIT', 'SYN-RECV'].includes(state)) return
  if (options.has('4') && socket.v6) return
  if (options.has('6') && !socket.v6) return
  if (!filter.test(socket)) return
  const port = (number: number): string => {
    if (number === 0) return '*'
    return options.has('n') ? String(number) : (serviceName(number, socket.protocol) ?? String(number))
  }
  const listening = state === 'LISTEN' || state === 'UNCONN'
  const local = socket.protocol === 'icmp' ? 'icmp' : port(socket.localPort)
  const remote = listening ? '*' : port(socket.remotePort)
  const users = options.has('p') ? processNames(socket) : ''
  const extra = options.has('e') ? ` ino:${socket.ino} sk:${socket.ino} <->` : ''
  rows.push({
    netid: socket.protocol,
    state,
    socket,
    cells: [
      String(socket.recvQ), String(socket.sendQ), `${address(socket.local, socket)}:`, local,
      `${listening ? (socket.dual ? '*' : socket.v6 ? '[::]' : '0.0.0.0') : address(socket.remote, socket)}:`, remote, users === '' && extra === '' ? '' : `${users === '' ? '' : ` ${users}`}${extra}`,
    ],
  })
}

function address(ip: IpAddr | null, socket: SocketRow): string {
  if (ip === null) return socket.dual ? '*' : '0.0.0.0'
  if (ip === 0n && socket.dual) return '*'
  return isV6(ip) ? `[${formatIp(ip)}]` : formatIp(ip)
}

interface Column {
  title: string
  right: boolean
  /** What stands between this column and the one before. */
  before: string
}

const COLUMNS: readonly Column[] = [
  { title: 'Netid', right: false, before: '' },
  { title: 'State', right: false, before: ' ' },
  { title: 'Recv-Q', right: false, before: ' ' },
  { title: 'Send-Q', right: false, before: ' ' },
  { title: 'Local Address:', right: true, before: ' ' },
  { title: 'Port', right: false, before: '' },
  { title: 'Peer Address:', right: true, before: ' ' },
  { title: 'Port', right: false, before: '' },
  { title: 'Process', right: false, before: '' },
]

function table(rows: readonly Row[], named: boolean, withState: boolean, header: boolean): string {
  const columns = COLUMNS.filter((column) => (column.title !== 'Netid' || named) && (column.title !== 'State' || withState))
  const lines = rows.map((row) => [...(named ? [row.netid] : []), ...(withState ? [row.state] : []), ...row.cells])
  const all = header ? [columns.map((column) => column.title), ...lines] : lines
  const widths = columns.map((_, i) => Math.max(0, ...all.map((line) => line[i].length)))
  return all
    .map((line) => {
      const cells = line.map((cell, i) => (i === 0 ? '' : columns[i].before) + (columns[i].right ? cell.padStart(widths[i]) : cell.padEnd(widths[i])))
      return `${cells.join('')}\n`
    })
    .join('')
}

interface Filter {
  states: readonly string[] | null
  test: (socket: SocketRow) => boolean
}

/** `state X`, `sport = :80`, `dst 10.0.0.0/8`, joined by `and` and `or`. A word that cannot be read is given back. */
function readFilter(operands: readonly string[]): Filter | string {
  const words = operands.flatMap((word) => word.split(/\s+/)).filter((word) => word !== '' && word !== '(' && word !== ')')
  let states: readonly string[] | null = null
  const groups: ((socket: SocketRow) => boolean)[][] = [[]]
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at]
    if (word === 'and' || word === '&&') continue
    if (word === 'or' || word === '||') {
      groups.push([])
      continue
    }
    if (word === 'state' || word === 'exclude') {
      const named = STATE_FILTERS.get(words[(at += 1)] ?? '')
      if (!named) return words[at] ?? ''
      states = word === 'state' ? [...(states ?? []), ...named] : STATES.filter((state) => !named.includes(state))
      continue
    }
    const not = word === 'not' || word === '!'
    const field = not ? words[(at += 1)] : word
    let operator = '='
    if (/^(=|==|eq|!=|ne|neq)$/.test(words[at + 1] ?? '')) operator = words[(at += 1)]
    const value = words[(at += 1)] ?? ''
    const inverted = not !== /^(!=|ne|neq)$/.test(operator)
    const local = field === 'sport' || field === 'src'
    if (field === 'sport' || field === 'dport') {
      const port = servicePort(value.replace(/^.*:/, ''))
      if (port === null) return value
      groups[groups.length - 1].push((socket) => ((local ? socket.localPort : socket.remotePort) === port) !== inverted)
    } else if (field === 'src' || field === 'dst') {
      const [host, port] = /^(.*?)(?::(\d+))?$/.exec(value)?.slice(1) ?? [value]
      const prefix = host === '' || host === '*' ? null : parsePrefix(host)
      if (host !== '' && host !== '*' && !prefix) return value
      groups[groups.length - 1].push((socket) => {
        const ip = local ? socket.local : socket.remote
        const same = (prefix === null || (ip !== null && prefixContains(prefix, ip))) && (port === undefined || (local ? socket.localPort : socket.remotePort) === Number(port))
        return same !== inverted
      })
    } else return word
  }
  return { states, test: (socket) => groups.some((group) => group.every((check) => check(socket))) }
}

function summary(sockets: readonly SocketRow[]): string {
  const tcp = sockets.filter((socket) => socket.protocol === 'tcp')
  const count = (state: string): number => tcp.filter((socket) => socket.state === state).length
  const waiting = count('TIME-WAIT')
  const live = tcp.length - waiting
  const six = (protocol: string): number => sockets.filter((socket) => socket.protocol === protocol && socket.v6 && socket.state !== 'TIME-WAIT').length
  const udp = sockets.filter((socket) => socket.protocol === 'udp').length
  const row = (name: string, total: number, v6: number): string => `${name}\t  ${String(total).padEnd(9)} ${String(total - v6).padEnd(9)} ${String(v6).padEnd(9)}\n`
  return (
    `Total: ${live + udp}\nTCP:   ${tcp.length} (estab ${count('ESTAB')}, closed ${waiting}, orphaned 0, timewait ${waiting})\n\n` +
    `Transport Total     IP        IPv6\n${row('RAW', sockets.length - tcp.length - udp, 0)}${row('UDP', udp, six('udp'))}${row('TCP', live, six('tcp'))}` +
    `${row('INET', live + udp, six('tcp') + six('udp'))}${row('FRAG', 0, 0)}\n`
  )
}
