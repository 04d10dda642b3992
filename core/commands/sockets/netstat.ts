/** netstat(8) of net-tools. Omits: -s, -g, masqueraded connections, unix sockets, extended columns. */
import { formatIp, type IpAddr } from '../../net/addr/ip.ts'
import { immediate } from '../command.ts'
import { interfaceTable, routeTable } from '../legacy-tables.ts'
import { serviceName } from '../name-service.ts'
import { parseOptions } from '../options.ts'
import { type SocketRow, socketRows } from './socket-rows.ts'

const STATES = new Map([
  ['ESTAB', 'ESTABLISHED'], ['SYN-SENT', 'SYN_SENT'], ['SYN-RECV', 'SYN_RECV'], ['FIN-WAIT-1', 'FIN_WAIT1'], ['FIN-WAIT-2', 'FIN_WAIT2'],
  ['TIME-WAIT', 'TIME_WAIT'], ['CLOSE-WAIT', 'CLOSE_WAIT'], ['LAST-ACK', 'LAST_ACK'], ['LISTEN', 'LISTEN'], ['CLOSING', 'CLOSING'], ['UNCONN', 'CLOSE'],
])

export const netstat = immediate((proc, argv) => {
  const options = parseOptions('netstat', argv.slice(1), {
    short: 'tuUwxlanpreivWNcCFM46ogs',
    long: { tcp: 't', udp: 'u', listening: 'l', all: 'a', numeric: 'n', programs: 'p', route: 'r', interfaces: 'i', extend: 'e', wide: 'W', statistics: 's' },
  })
  if (typeof options === 'string') {
    proc.error(`${options}\nusage: netstat [-vWeenNcCF] [<Af>] -r         netstat {-V|--version|-h|--help}\n       netstat [-vWnNcaeol] [<Socket> ...]\n`)
    return 3
  }
  if (options.has('r')) {
    proc.print(routeTable(proc, options.has('n'), 'netstat'))
    return 0
  }
  if (options.has('i')) {
    proc.print(interfaceTable(proc))
    return 0
  }
  const [all, listening] = [options.has('a'), options.has('l')]
  const mode = all ? 'servers and established' : listening ? 'only servers' : 'w/o servers'
  let text = `Active Internet connections (${mode})\nProto Recv-Q Send-Q Local Address           Foreign Address         State      ${options.has('p') ? ' PID/Program name    ' : ''}\n`
  const wanted = ['t', 'u', 'w'].filter((key) => options.has(key))
  for (const [key, protocol] of [['t', 'tcp'], ['u', 'udp'], ['w', 'icmp']] as const) {
    if (wanted.length > 0 ? !wanted.includes(key) : key === 'w') continue
    for (const socket of socketRows(proc)) if (socket.protocol === protocol) text += rowText(socket, options.has('n'), options.has('p'), all, listening)
  }
  proc.print(text)
  return 0
})

function rowText(socket: SocketRow, numeric: boolean, programs: boolean, all: boolean, listening: boolean): string {
  const passive = socket.state === 'LISTEN' || socket.state === 'UNCONN'
  if (!all && passive !== listening) return ''
  const port = (number: number): string => (number === 0 ? '*' : numeric ? String(number) : (serviceName(number, socket.protocol) ?? String(number)))
  const six = socket.v6 || socket.dual
  const end = (ip: IpAddr | null, number: number): string => `${ip === null ? (six ? '::' : '0.0.0.0') : formatIp(ip)}:${port(number)}`
  const local = end(socket.local, socket.localPort)
  const remote = end(passive ? null : socket.remote, passive ? 0 : socket.remotePort)
  const state = socket.protocol === 'tcp' ? (STATES.get(socket.state) ?? socket.state) : socket.state === 'ESTAB' ? 'ESTABLISHED' : ''
  const program = socket.pid === 0 ? '-' : `${socket.pid}/${socket.name.slice(0, 15)}`
  const name = `${socket.protocol === 'icmp' ? 'raw' : socket.protocol}${six ? '6' : ''}`
  const head = `${name.padEnd(5)} ${String(socket.recvQ).padStart(6)} ${String(socket.state === 'LISTEN' ? 0 : socket.sendQ).padStart(6)}`
  return `${head} ${local.padEnd(23)} ${remote.padEnd(23)} ${state.padEnd(11)}${programs ? ` ${program.padEnd(20)}` : ''}\n`
}
