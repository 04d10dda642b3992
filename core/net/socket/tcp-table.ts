/** All TCP sockets of a namespace: finds whose a segment is (inet_hashtables.c), makes new ones, refuses the rest. */
import type { Errno } from '../../base/errno.ts'
import { formatIp, isUnspecified, type IpAddr } from '../addr/ip.ts'
import { routeOutput, sourceFor } from '../ip/output.ts'
import type { NetNamespace } from '../net-namespace.ts'
import { type Packet, TCP_ACK, TCP_FIN, TCP_RST, TCP_SYN } from '../packet/packet.ts'
import { traceDeliver, traceDrop } from '../packet/packet-trace.ts'
import type { SocketInfo, SocketOwner } from './socket-owner.ts'
import { TcpListener } from './tcp-listener.ts'
import { replyReset } from './tcp-reset.ts'
import { TcpSocket } from './tcp-socket.ts'

export interface TcpListenOptions {
  /** null: every address of both families; 0 every IPv4 one; 0n every IPv6 one, and every IPv4 one unless `v6only`. */
  address: IpAddr | null
  port: number
  owner: SocketOwner
  v6only?: boolean
  backlog?: number
}

export interface TcpConnectOptions {
  dst: IpAddr
  dport: number
  src?: IpAddr
  sport?: number
  owner: SocketOwner
  mark?: number
  ttl?: number
  /** ifindex of the device to which the socket is bound. */
  oif?: number
}

export class TcpTable {
  readonly #ns: NetNamespace
  /** By local and remote port in one number. */
  readonly #connections = new Map<number, TcpSocket[]>()
  readonly #listeners = new Map<number, TcpListener[]>()

  constructor(ns: NetNamespace) {
    this.#ns = ns
  }

  listen(options: TcpListenOptions): TcpListener | Errno {
    const { address } = options
    if (address !== null && !isUnspecified(address) && !this.#ns.fib.isLocal(address)) {
      if (this.#ns.sysctl.number('net.ipv4.ip_nonlocal_bind') === 0) return 'EADDRNOTAVAIL'
    }
    const port = options.port === 0 ? this.#freePort(() => true, 1) : options.port
    if (port === null || port < 0 || port > 65535) return port === null ? 'EADDRINUSE' : 'EINVAL'
    const v6only = options.v6only ?? false
    const listener = new TcpListener(
      this.#ns,
      v6only && address === null ? 0n : address,
      port,
      options.owner,
      v6only,
      options.backlog ?? 4096,
    )
    const others = this.#listeners.get(port)
    if (others?.some((other) => overlap(other, listener))) return 'EADDRINUSE'
    if (others) others.push(listener)
    else this.#listeners.set(port, [listener])
    this.#emit('socket.listen', listener)
    return listener
  }

  connect(options: TcpConnectOptions): TcpSocket | Errno {
    const ns = this.#ns
    // RFC 1122 section 3.2.1.3: "this host"; Linux connects to the loopback address.
    const dst = options.dst === 0 ? 0x7f000001 : options.dst === 0n ? 1n : options.dst
    if (options.dport < 1 || options.dport > 65535) return 'EADDRNOTAVAIL'
    const wanted = options.src ?? (typeof dst === 'bigint' ? 0n : 0)
    if (!isUnspecified(wanted) && !ns.fib.isLocal(wanted)) return 'EADDRNOTAVAIL'
    const route = routeOutput(ns, dst, wanted, options.oif ?? 0, options.mark ?? 0)
    if (typeof route === 'string') return route
    if (route.type === 'broadcast' || route.type === 'multicast') return 'ENETUNREACH'
    const src = isUnspecified(wanted) ? sourceFor(ns, route, dst) : wanted
    if (src === null) return 'EADDRNOTAVAIL'
    const free = (port: number) => this.#find(src, port, dst, options.dport) === null
    let sport = options.sport ?? 0
    if (sport === 0) sport = this.#freePort(free, 2) ?? 0
    else if (!free(sport) || this.#listeners.get(sport)?.some((listener) => listener.covers(src))) return 'EADDRINUSE'
    if (sport === 0) return 'EADDRNOTAVAIL'
    const socket = new TcpSocket(ns, src, sport, dst, options.dport, options.owner)
    socket.mark = options.mark ?? 0
    socket.oif = options.oif ?? 0
    socket.ttl = options.ttl ?? 0
    this.#add(socket)
    socket.connect()
    return socket
  }

  /** tcp_v4_rcv. */
  receive(packet: Packet): void {
    const ns = this.#ns
    const { flags } = packet
    const opens = (flags & (TCP_SYN | TCP_ACK | TCP_RST)) === TCP_SYN
    let socket = this.#find(packet.dst, packet.dport, packet.src, packet.sport)
    const listener = this.#listener(packet.dst, packet.dport)
    if (socket && opens && listener && socket.mayReopen(packet)) {
      socket.destroy()
      socket = null
    }
    if (socket) {
      socket.receive(packet)
      return
    }
    if (!listener) {
      traceDrop(ns, packet, 'tcp', 'NO_SOCKET', String(packet.dport))
      replyReset(ns, packet)
      return
    }
    if ((flags & TCP_RST) !== 0) {
      traceDrop(ns, packet, 'tcp', 'TCP_RESET', 'LISTEN')
      return
    }
    if ((flags & TCP_ACK) !== 0) {
      traceDrop(ns, packet, 'tcp', 'TCP_FLAGS', 'LISTEN')
      replyReset(ns, packet)
      return
    }
    if (!opens || (flags & TCP_FIN) !== 0) {
      traceDrop(ns, packet, 'tcp', 'TCP_FLAGS', 'LISTEN')
      return
    }
    if (listener.full) {
      traceDrop(ns, packet, 'tcp', 'TCP_LISTEN_OVERFLOW', 'LISTEN')
      return
    }
    traceDeliver(ns, packet, 'tcp', listener.port, listener.owner.pid, listener.owner.process)
    const child = new TcpSocket(ns, packet.dst, packet.dport, packet.src, packet.sport, listener.owner)
    this.#add(child)
    listener.begin(child)
    child.answer(packet)
  }

  /** An ICMP error about a segment that was sent from here (tcp_v4_err). */
  icmpError(error: Packet, quoted: Packet, tooBig: boolean): void {
    this.#find(quoted.src, quoted.sport, quoted.dst, quoted.dport)?.icmpError(error, quoted, tooBig)
  }

  list(): SocketInfo[] {
    const infos: SocketInfo[] = []
    for (const listeners of this.#listeners.values()) for (const listener of listeners) infos.push(listener.info())
    for (const sockets of this.#connections.values()) for (const socket of sockets) infos.push(socket.info())
    return infos
  }

  remove(socket: TcpSocket): void {
    const key = socket.localPort * 65536 + socket.remotePort
    const sockets = this.#connections.get(key)
    const at = sockets ? sockets.indexOf(socket) : -1
    if (!sockets || at < 0) return
    sockets.splice(at, 1)
    if (sockets.length === 0) this.#connections.delete(key)
  }

  removeListener(listener: TcpListener): void {
    const listeners = this.#listeners.get(listener.port)
    const at = listeners ? listeners.indexOf(listener) : -1
    if (!listeners || at < 0) return
    listeners.splice(at, 1)
    if (listeners.length === 0) this.#listeners.delete(listener.port)
    this.#emit('socket.close', listener)
  }

  destroy(): void {
    for (const listeners of [...this.#listeners.values()]) {
      for (const listener of [...listeners]) {
        listener.onChange = null
        this.removeListener(listener)
      }
    }
    for (const sockets of [...this.#connections.values()]) {
      for (const socket of [...sockets]) {
        socket.onChange = null
        socket.destroy()
      }
    }
  }

  #add(socket: TcpSocket): void {
    const key = socket.localPort * 65536 + socket.remotePort
    const sockets = this.#connections.get(key)
    if (sockets) sockets.push(socket)
    else this.#connections.set(key, [socket])
  }

  #find(local: IpAddr, localPort: number, remote: IpAddr, remotePort: number): TcpSocket | null {
    const sockets = this.#connections.get(localPort * 65536 + remotePort)
    if (!sockets) return null
    for (const socket of sockets) if (socket.remoteAddress === remote && socket.localAddress === local) return socket
    return null
  }

  /** A listener of this very address before one of any address. */
  #listener(address: IpAddr, port: number): TcpListener | null {
    let best: TcpListener | null = null
    for (const listener of this.#listeners.get(port) ?? []) {
      if (listener.address === address) return listener
      if (listener.covers(address)) best ??= listener
    }
    return best
  }

  /** From a random place upwards; connections prefer even ports and leave the odd ones to bind (__inet_hash_connect). */
  #freePort(free: (port: number) => boolean, step: 1 | 2): number | null {
    const { portMin, portMax } = this.#ns.sysctl
    const count = portMax - portMin + 1
    const start = this.#ns.random('ports').below(count) & ~(step - 1)
    for (let pass = 0; pass < step; pass += 1) {
      for (let i = 0; i < count; i += step) {
        const port = portMin + ((start + i + pass) % count)
        if (!this.#listeners.has(port) && free(port)) return port
      }
    }
    return null
  }

  #emit(kind: 'socket.listen' | 'socket.close', listener: TcpListener): void {
    this.#ns.world.trace.emit({
      kind,
      netns: this.#ns.id,
      protocol: 'tcp',
      address: formatIp(listener.address ?? 0n),
      port: listener.port,
      pid: listener.owner.pid,
      process: listener.owner.process,
    })
  }
}

/** Whether two listeners of one port would both be for the same packet with the same right. */
function overlap(a: TcpListener, b: TcpListener): boolean {
  if (a.address === b.address) return true
  const any = (listener: TcpListener) => listener.address === null || isUnspecified(listener.address)
  if (!any(a) && !any(b)) return false
  // A wildcard and an address of a family that it covers exclude each other, as without SO_REUSEADDR on both.
  const sample = (listener: TcpListener): IpAddr =>
    listener.address === null ? 1 : isUnspecified(listener.address) ? (listener.address === 0 ? 1 : 2n) : listener.address
  return a.covers(sample(b)) || b.covers(sample(a))
}
