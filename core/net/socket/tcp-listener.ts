/** A TCP port that takes connections (inet_csk_listen_start): those being made, and those that wait for accept. */
import type { IpAddr } from '../addr/ip.ts'
import type { NetNamespace } from '../net-namespace.ts'
import type { SocketInfo, SocketOwner } from './socket-owner.ts'
import type { TcpSocket } from './tcp-socket.ts'

export class TcpListener {
  readonly address: IpAddr | null
  readonly port: number
  readonly owner: SocketOwner
  readonly v6only: boolean
  readonly backlog: number
  onChange: (() => void) | null = null
  readonly #ns: NetNamespace
  readonly #ready: TcpSocket[] = []
  readonly #making = new Set<TcpSocket>()
  #closed = false

  constructor(ns: NetNamespace, address: IpAddr | null, port: number, owner: SocketOwner, v6only: boolean, backlog: number) {
    this.#ns = ns
    this.address = address
    this.port = port
    this.owner = owner
    this.v6only = v6only
    this.backlog = backlog
  }

  accept(): TcpSocket | null {
    return this.#ready.shift() ?? null
  }

  /** Connections that nobody accepted are reset. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.onChange = null
    this.#ns.sockets.tcp.removeListener(this)
    for (const socket of [...this.#making]) socket.destroy()
    for (const socket of this.#ready.splice(0)) socket.abort()
  }

  info(): SocketInfo {
    return {
      protocol: 'tcp',
      state: 'LISTEN',
      local: this.address,
      localPort: this.port,
      remote: null,
      remotePort: 0,
      recvQ: this.#ready.length,
      sendQ: this.backlog,
      owner: this.owner,
    }
  }

  // --- For the table and the connections ---------------------------------------------------------------------------------

  /** Whether a packet to this address is for it. */
  covers(address: IpAddr): boolean {
    if (this.address === null) return true
    if (this.address === 0) return typeof address === 'number'
    if (this.address === 0n) return typeof address === 'bigint' || !this.v6only
    return this.address === address
  }

  get full(): boolean {
    return this.#ready.length > this.backlog
  }

  begin(socket: TcpSocket): void {
    socket.listener = this
    this.#making.add(socket)
  }

  /** The handshake is done. False: there is no room, the last ACK is as if it had been lost. */
  established(socket: TcpSocket): boolean {
    if (this.full) return false
    this.#making.delete(socket)
    socket.listener = null
    this.#ready.push(socket)
    this.onChange?.()
    return true
  }

  forget(socket: TcpSocket): void {
    this.#making.delete(socket)
  }
}
