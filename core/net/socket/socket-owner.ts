/** Who holds a socket, and how a listing shows one (ss(8)). */
import type { IpAddr } from '../addr/ip.ts'

export interface SocketOwner {
  pid: number
  process: string
}

/** As `ss` words it. */
export type SocketState =
  | 'LISTEN'
  | 'SYN-SENT'
  | 'SYN-RECV'
  | 'ESTAB'
  | 'FIN-WAIT-1'
  | 'FIN-WAIT-2'
  | 'CLOSE-WAIT'
  | 'CLOSING'
  | 'LAST-ACK'
  | 'TIME-WAIT'
  | 'UNCONN'

export interface SocketInfo {
  protocol: 'tcp' | 'udp' | 'icmp'
  state: SocketState
  /** null: any address of both families. */
  local: IpAddr | null
  localPort: number
  remote: IpAddr | null
  remotePort: number
  /** Listeners: connections that wait for accept, and how many may. */
  recvQ: number
  sendQ: number
  /** pid 0: nobody's any more (TIME-WAIT, closed but not finished). */
  owner: SocketOwner
}

export const NOBODY: SocketOwner = Object.freeze({ pid: 0, process: '' })
