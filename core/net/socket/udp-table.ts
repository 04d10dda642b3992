/** All UDP sockets of a namespace: ports, and whose a datagram is (udp_v4_rcv, __udp4_lib_lookup). */
import type { Errno } from '../../base/errno.ts'
import { formatIp, isMulticast, isUnspecified, type IpAddr } from '../addr/ip.ts'
import { ICMP_DEST_UNREACH, ICMP_PORT_UNREACH } from '../ip/icmp-types.ts'
import type { NetNamespace } from '../net-namespace.ts'
import type { Packet } from '../packet/packet.ts'
import { traceDeliver, traceDrop } from '../packet/packet-trace.ts'
import type { SocketInfo, SocketOwner } from './socket-owner.ts'
import { UdpSocket } from './udp-socket.ts'

export interface UdpOpenOptions {
  /** null or left out: every address of both families; 0 every IPv4 one. */
  address?: IpAddr | null
  /** 0 or left out: a free one when it is first needed. */
  port?: number
  owner: SocketOwner
}

export class UdpTable {
  readonly #ns: NetNamespace
  readonly #sockets = new Map<number, UdpSocket[]>()
  /** Opened, but without a port. */
  readonly #unbound = new Set<UdpSocket>()
  /** Bound to a port of their choice: they are told of in the trace. */
  readonly #announced = new Set<UdpSocket>()

  constructor(ns: NetNamespace) {
    this.#ns = ns
  }

  open(options: UdpOpenOptions): UdpSocket | Errno {
    const address = options.address ?? null
    const port = options.port ?? 0
    if (port < 0 || port > 65535) return 'EINVAL'
    if (address !== null && !isUnspecified(address) && !isMulticast(address) && !this.#ns.fib.isLocal(address)) {
      if (this.#ns.sysctl.number('net.ipv4.ip_nonlocal_bind') === 0) return 'EADDRNOTAVAIL'
    }
    const socket = new UdpSocket(this.#ns, address, port, options.owner)
    if (port === 0) {
      this.#unbound.add(socket)
      return socket
    }
    if (this.#sockets.get(port)?.some((other) => conflict(other.address, address))) return 'EADDRINUSE'
    this.#add(socket)
    this.#announced.add(socket)
    this.#emit('socket.listen', socket)
    return socket
  }

  /** Gives a socket a port if it has none. */
  bindEphemeral(socket: UdpSocket): Errno | null {
    if (socket.localPort !== 0) return null
    const { portMin, portMax } = this.#ns.sysctl
    const count = portMax - portMin + 1
    const start = this.#ns.random('ports').below(count)
    for (let i = 0; i < count; i += 1) {
      const port = portMin + ((start + i) % count)
      if (this.#sockets.has(port)) continue
      socket.localPort = port
      this.#unbound.delete(socket)
      this.#add(socket)
      return null
    }
    return 'EAGAIN'
  }

  receive(packet: Packet): void {
    const ns = this.#ns
    const sockets = this.#sockets.get(packet.dport)
    if (packet.frameFor === 'group' && sockets) {
      // Everybody who listens gets a broadcast or multicast (__udp4_lib_mcast_deliver).
      for (const socket of [...sockets]) if (socket.remote === null) this.#give(socket, packet)
      return
    }
    let best: UdpSocket | null = null
    let bestScore = -1
    if (sockets) {
      for (const socket of sockets) {
        const score = socket.score(packet.dst, packet.src, packet.sport)
        if (score > bestScore) {
          best = socket
          bestScore = score
        }
      }
    }
    if (!best) {
      if (packet.frameFor === 'host') ns.icmp.report(packet, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH)
      traceDrop(ns, packet, 'udp', 'NO_SOCKET', String(packet.dport))
      return
    }
    this.#give(best, packet)
  }

  #give(socket: UdpSocket, packet: Packet): void {
    const { owner } = socket
    if (socket.push(packet)) traceDeliver(this.#ns, packet, 'udp', socket.localPort, owner.pid, owner.process)
    else traceDrop(this.#ns, packet, 'udp', 'SOCKET_RCVBUFF', String(packet.dport))
  }

  /** __udp4_lib_err. */
  icmpError(error: Packet, quoted: Packet): void {
    const sockets = this.#sockets.get(quoted.sport)
    if (!sockets) return
    for (const socket of sockets) {
      if (socket.score(quoted.src, quoted.dst, quoted.dport) >= 0) {
        socket.icmpError(error, quoted)
        return
      }
    }
  }

  list(): SocketInfo[] {
    const infos: SocketInfo[] = []
    for (const sockets of this.#sockets.values()) for (const socket of sockets) infos.push(socket.info())
    return infos
  }

  remove(socket: UdpSocket): void {
    this.#unbound.delete(socket)
    const sockets = this.#sockets.get(socket.localPort)
    const at = sockets ? sockets.indexOf(socket) : -1
    if (!sockets || at < 0) return
    sockets.splice(at, 1)
    if (sockets.length === 0) this.#sockets.delete(socket.localPort)
    if (this.#announced.delete(socket)) this.#emit('socket.close', socket)
  }

  destroy(): void {
    for (const sockets of [...this.#sockets.values()]) for (const socket of [...sockets]) socket.close()
    for (const socket of [...this.#unbound]) socket.close()
  }

  #add(socket: UdpSocket): void {
    const sockets = this.#sockets.get(socket.localPort)
    if (sockets) sockets.push(socket)
    else this.#sockets.set(socket.localPort, [socket])
  }

  #emit(kind: 'socket.listen' | 'socket.close', socket: UdpSocket): void {
    this.#ns.world.trace.emit({
      kind,
      netns: this.#ns.id,
      protocol: 'udp',
      address: formatIp(socket.address ?? 0n),
      port: socket.localPort,
      pid: socket.owner.pid,
      process: socket.owner.process,
    })
  }
}

/** Two sockets of one port: a wildcard excludes every address of its families. */
function conflict(a: IpAddr | null, b: IpAddr | null): boolean {
  if (a === null || b === null || a === b) return true
  return typeof a === typeof b && (isUnspecified(a) || isUnspecified(b))
}
