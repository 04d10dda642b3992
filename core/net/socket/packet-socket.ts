/** Sockets that see ARP messages as they come in (AF_PACKET), for `arping` and layer-2 load balancers. */
import type { NetDevice } from '../device/net-device.ts'
import type { Packet } from '../packet/packet.ts'

/** Frames that may wait unread. */
const QUEUE_MAX = 64

export class PacketSocket {
  readonly dev: NetDevice
  onChange: (() => void) | null = null
  readonly #queue: Packet[] = []
  readonly #owner: PacketSockets

  constructor(owner: PacketSockets, dev: NetDevice) {
    this.#owner = owner
    this.dev = dev
  }

  /** The message is shared: read it, do not change it. */
  recv(): Readonly<Packet> | 'again' {
    return this.#queue.shift() ?? 'again'
  }

  close(): void {
    this.#owner.remove(this)
  }

  push(packet: Packet): void {
    if (this.#queue.length >= QUEUE_MAX) return
    this.#queue.push(packet)
    this.onChange?.()
  }
}

export class PacketSockets {
  readonly #sockets: PacketSocket[] = []

  open(dev: NetDevice): PacketSocket {
    const socket = new PacketSocket(this, dev)
    this.#sockets.push(socket)
    return socket
  }

  remove(socket: PacketSocket): void {
    const at = this.#sockets.indexOf(socket)
    if (at >= 0) this.#sockets.splice(at, 1)
  }

  deliver(dev: NetDevice, packet: Packet): void {
    for (const socket of this.#sockets) if (socket.dev === dev) socket.push(packet)
  }
}
