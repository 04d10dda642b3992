/** TCP's states (RFC 9293 section 3.3.2) and arithmetic on sequence numbers (section 3.4). */
import type { SocketState } from './socket-owner.ts'

export type TcpState =
  | 'SYN_SENT'
  | 'SYN_RECV'
  | 'ESTABLISHED'
  | 'FIN_WAIT1'
  | 'FIN_WAIT2'
  | 'CLOSE_WAIT'
  | 'CLOSING'
  | 'LAST_ACK'
  | 'TIME_WAIT'
  | 'CLOSED'

const SS_STATES: Readonly<Record<TcpState, SocketState>> = {
  SYN_SENT: 'SYN-SENT',
  SYN_RECV: 'SYN-RECV',
  ESTABLISHED: 'ESTAB',
  FIN_WAIT1: 'FIN-WAIT-1',
  FIN_WAIT2: 'FIN-WAIT-2',
  CLOSE_WAIT: 'CLOSE-WAIT',
  CLOSING: 'CLOSING',
  LAST_ACK: 'LAST-ACK',
  TIME_WAIT: 'TIME-WAIT',
  CLOSED: 'UNCONN',
}

export function ssState(state: TcpState): SocketState {
  return SS_STATES[state]
}

/** How far `a` is after `b`, modulo 2³²: negative when before. */
export function seqDistance(a: number, b: number): number {
  return (a - b) | 0
}

export function seqAdd(seq: number, count: number): number {
  return (seq + count) >>> 0
}
