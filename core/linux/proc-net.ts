/** The texts of /proc/net: numbers in the byte order of a little-endian machine, as the kernel prints them. net/ipv4/{tcp_ipv4,udp,arp,fib_trie}.c */
import { formatIp, type IpAddr, isV6 } from '../net/addr/ip.ts'
import { formatMac } from '../net/addr/mac.ts'
import type { NetNamespace } from '../net/net-namespace.ts'

/** Numbers of include/net/tcp_states.h by the names of ss(8). */
const TCP_STATES = [
  'ESTAB', 'SYN-SENT', 'SYN-RECV', 'FIN-WAIT-1', 'FIN-WAIT-2', 'TIME-WAIT', 'UNCONN', 'CLOSE-WAIT', 'LAST-ACK', 'LISTEN', 'CLOSING',
]

export function devFile(netns: NetNamespace): string {
  const rows = netns.links().map((link) => {
    const { rxBytes, rxPackets, rxDropped, txBytes, txPackets, txDropped } = link.stats
    const rx = [rxBytes, rxPackets, 0, rxDropped, 0, 0, 0, 0]
    const tx = [txBytes, txPackets, 0, txDropped, 0, 0, 0, 0]
    return `${`${link.name}:`.padStart(7)} ${[...rx, ...tx].map((n) => String(n).padStart(7)).join(' ')}\n`
  })
  const head =
    'Inter-|   Receive                                                |  Transmit\n' +
    ' face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n'
  return head + rows.join('')
}

export function routeFile(netns: NetNamespace): string {
  const rows: string[] = []
  for (const route of netns.fib.list(254)) {
    if (isV6(route.prefix.addr)) continue
    const mask = route.prefix.length === 0 ? 0 : (0xffffffff << (32 - route.prefix.length)) >>> 0
    const flags = 1 | (route.via === null || route.via === undefined ? 0 : 2) | (route.prefix.length === 32 ? 4 : 0)
    const words = [route.dev?.name ?? '*', hex4(route.prefix.addr), hex4(route.via ?? 0), hex(flags, 4), 0, 0, route.metric ?? 0, hex4(mask), 0, 0, 0]
    rows.push(`${words.join('\t')}\n`)
  }
  return `Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n${rows.join('')}`
}

export function arpFile(netns: NetNamespace): string {
  const rows = netns.neigh.list().flatMap((entry) => {
    if (isV6(entry.ip)) return []
    const flags = entry.state === 'PERMANENT' ? '0x6' : entry.mac ? '0x2' : '0x0'
    const mac = entry.mac ? formatMac(entry.mac) : '00:00:00:00:00:00'
    return [`${formatIp(entry.ip).padEnd(16)} 0x1         ${flags}         ${mac}     *        ${entry.dev.name}\n`]
  })
  return `IP address       HW type     Flags       HW address            Mask     Device\n${rows.join('')}`
}

export function socketFile(netns: NetNamespace, protocol: 'tcp' | 'udp', v6: boolean): string {
  const rows: string[] = []
  for (const socket of netns.sockets.list()) {
    // A socket bound to no address is an IPv6 one that serves both families, as most servers open it.
    const isSix = socket.local === null || isV6(socket.local)
    if (socket.protocol !== protocol || isSix !== v6) continue
    const state = protocol === 'tcp' ? TCP_STATES.indexOf(String(socket.state)) + 1 : 7
    const local = `${address(socket.local, v6)}:${hex(socket.localPort, 4)}`
    const remote = `${address(socket.remote, v6)}:${hex(socket.remotePort, 4)}`
    const queues = `${hex(socket.sendQ, 8)}:${hex(socket.recvQ, 8)}`
    rows.push(`${String(rows.length).padStart(4)}: ${local} ${remote} ${hex(state, 2)} ${queues} 00:00000000 00000000     0        0 0\n`)
  }
  return `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n${rows.join('')}`
}

function address(ip: IpAddr | null, v6: boolean): string {
  if (!v6) return hex4(ip ?? 0)
  const bits = typeof ip === 'bigint' ? ip : 0n
  return [96n, 64n, 32n, 0n].map((shift) => hex4(Number((bits >> shift) & 0xffffffffn))).join('')
}

/** A 32-bit word of an address as a little-endian machine prints it. */
function hex4(ip: IpAddr): string {
  const n = Number(ip) >>> 0
  const swapped = ((n & 0xff) << 24) | ((n & 0xff00) << 8) | ((n >>> 8) & 0xff00) | (n >>> 24)
  return hex(swapped >>> 0, 8)
}

function hex(n: number, digits: number): string {
  return n.toString(16).toUpperCase().padStart(digits, '0')
}
