/**
 * The sockets of one namespace. They never block: `onChange` says that something may have changed, and whoever is told has to
 * schedule its work instead of doing it there.
 */
import type { Errno } from '../../base/errno.ts'
import type { NetDevice } from '../device/net-device.ts'
import type { NetNamespace } from '../net-namespace.ts'
import { type IcmpSocket, IcmpTable } from './icmp-socket.ts'
import type { PacketSocket } from './packet-socket.ts'
import type { SocketInfo, SocketOwner } from './socket-owner.ts'
import type { TcpListener } from './tcp-listener.ts'
import type { TcpSocket } from './tcp-socket.ts'
import { type TcpConnectOptions, type TcpListenOptions, TcpTable } from './tcp-table.ts'
import { type UdpOpenOptions, UdpTable } from './udp-table.ts'
import type { UdpSocket } from './udp-socket.ts'

export type { IcmpMessage, IcmpSocket, EchoOptions } from './icmp-socket.ts'
export type { SocketInfo, SocketOwner, SocketState } from './socket-owner.ts'
export type { TcpListener } from './tcp-listener.ts'
export type { TcpSocket } from './tcp-socket.ts'
export type { TcpState } from './tcp-state.ts'
export type { Datagram, UdpError, UdpSendOptions, UdpSocket } from './udp-socket.ts'

export class SocketTable {
  readonly #ns: NetNamespace
  readonly tcp: TcpTable
  readonly udp: UdpTable
  readonly icmp: IcmpTable

  constructor(ns: NetNamespace) {
    this.#ns = ns
    this.tcp = new TcpTable(ns)
    this.udp = new UdpTable(ns)
    this.icmp = new IcmpTable(ns)
  }

  tcpListen(options: TcpListenOptions): TcpListener | Errno {
    return this.#ns.gone ? 'ENETDOWN' : this.tcp.listen(options)
  }

  /** Returns at once, in SYN_SENT, or with what is known at once to be wrong. */
  tcpConnect(options: TcpConnectOptions): TcpSocket | Errno {
    return this.#ns.gone ? 'ENETDOWN' : this.tcp.connect(options)
  }

  udpOpen(options: UdpOpenOptions): UdpSocket | Errno {
    return this.#ns.gone ? 'ENETDOWN' : this.udp.open(options)
  }

  icmpOpen(options: { owner: SocketOwner }): IcmpSocket | Errno {
    return this.#ns.gone ? 'ENETDOWN' : this.icmp.open(options.owner)
  }

  /** Sees every ARP message that comes in through `dev`. */
  packetOpen(dev: NetDevice): PacketSocket | Errno {
    return dev.netns === this.#ns ? this.#ns.packetSockets.open(dev) : 'ENODEV'
  }

  list(): SocketInfo[] {
    return [...this.tcp.list(), ...this.udp.list(), ...this.icmp.list()]
  }

  /** The namespace vanishes: nobody is told, nothing is sent. */
  destroy(): void {
    this.tcp.destroy()
    this.udp.destroy()
    this.icmp.destroy()
  }
}
