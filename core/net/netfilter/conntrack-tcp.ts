/**
 * The TCP connection as seen from the middle: states, transitions and time-outs of nf_conntrack_proto_tcp.c.
 *
 * Omits: the window check (nf_conntrack_tcp_be_liberal is as if on), simultaneous open beyond SYN_SENT2, and the shorter time-outs
 * after retransmissions.
 */
import { TCP_ACK, TCP_FIN, TCP_RST, TCP_SYN } from '../packet/packet.ts'
import type { ConntrackDirection, ConntrackEntry, TcpConntrackState } from './conntrack-entry.ts'

/** Columns of the tables below. */
const STATES: readonly TcpConntrackState[] = [
  'NONE',
  'SYN_SENT',
  'SYN_RECV',
  'ESTABLISHED',
  'FIN_WAIT',
  'CLOSE_WAIT',
  'LAST_ACK',
  'TIME_WAIT',
  'CLOSE',
  'SYN_SENT2',
]
const SHORT: ReadonlyMap<string, TcpConntrackState> = new Map<string, TcpConntrackState>([
  ['SS', 'SYN_SENT'],
  ['SR', 'SYN_RECV'],
  ['ES', 'ESTABLISHED'],
  ['FW', 'FIN_WAIT'],
  ['CW', 'CLOSE_WAIT'],
  ['LA', 'LAST_ACK'],
  ['TW', 'TIME_WAIT'],
  ['CL', 'CLOSE'],
  ['S2', 'SYN_SENT2'],
])

/** What a segment does to a connection: `ignore` leaves it alone, `invalid` makes the packet INVALID. */
export type TcpStep = TcpConntrackState | 'ignore' | 'invalid'

type Segment = 'syn' | 'synack' | 'fin' | 'ack' | 'rst' | 'none'

/** Per direction and kind of segment, the new state by old state in the order of `STATES`: `--` invalid, `..` ignored. */
const STEPS: Readonly<Record<Segment, readonly [original: readonly TcpStep[], reply: readonly TcpStep[]]>> = {
  syn: [row('SS SS .. .. .. .. .. SS SS S2'), row('-- S2 -- -- -- -- -- SS -- S2')],
  synack: [row('-- -- SR -- -- -- -- -- -- SR'), row('-- SR .. .. .. .. .. .. .. SR')],
  fin: [row('-- -- FW FW LA LA LA TW CL --'), row('-- -- FW FW LA LA LA TW CL --')],
  ack: [row('ES -- ES ES CW CW TW TW CL --'), row('-- .. SR ES CW CW TW TW CL ..')],
  rst: [row('-- CL CL CL CL CL CL CL CL CL'), row('-- CL CL CL CL CL CL CL CL CL')],
  none: [row('-- -- -- -- -- -- -- -- -- --'), row('-- -- -- -- -- -- -- -- -- --')],
}

function row(text: string): readonly TcpStep[] {
  return text.split(' ').map((word) => (word === '--' ? 'invalid' : word === '..' ? 'ignore' : (SHORT.get(word) as TcpConntrackState)))
}

/** Seconds, by the names of net.netfilter.nf_conntrack_tcp_timeout_…. */
export const TCP_TIMEOUTS: readonly (readonly [sysctl: string, state: TcpConntrackState, seconds: number])[] = [
  ['syn_sent', 'SYN_SENT', 120],
  ['syn_recv', 'SYN_RECV', 60],
  ['established', 'ESTABLISHED', 432000],
  ['fin_wait', 'FIN_WAIT', 120],
  ['close_wait', 'CLOSE_WAIT', 60],
  ['last_ack', 'LAST_ACK', 30],
  ['time_wait', 'TIME_WAIT', 120],
  ['close', 'CLOSE', 10],
]
/** nf_conntrack_tcp_timeout_unacknowledged: a connection picked up in the middle, of which only one side was seen. */
export const TCP_TIMEOUT_UNACKNOWLEDGED_S = 300

/** get_conntrack_index: the most telling flag counts. */
function segmentOf(flags: number): Segment {
  if (flags & TCP_RST) return 'rst'
  if (flags & TCP_SYN) return flags & TCP_ACK ? 'synack' : 'syn'
  if (flags & TCP_FIN) return 'fin'
  return flags & TCP_ACK ? 'ack' : 'none'
}

/** tcp_valid_flags of tcp_error: combinations that no stack sends. */
export function validTcpFlags(flags: number): boolean {
  const relevant = flags & (TCP_SYN | TCP_FIN | TCP_RST | TCP_ACK)
  const syn = (relevant & TCP_SYN) !== 0
  if (syn && relevant & (TCP_FIN | TCP_RST)) return false
  return relevant !== 0 && !(relevant & TCP_FIN && !(relevant & TCP_ACK)) && !(relevant & TCP_FIN && relevant & TCP_RST)
}

export function tcpStep(state: TcpConntrackState, direction: ConntrackDirection, flags: number): TcpStep {
  return STEPS[segmentOf(flags)][direction][STATES.indexOf(state)]
}

/** The state of a connection that begins with this segment; `invalid` when none can. */
export function tcpFirstState(flags: number): TcpStep {
  return tcpStep('NONE', 0, flags)
}

/** A SYN on a connection that is over opens a new one under the same tuple (tcp_packet, case TCP_CONNTRACK_SYN_SENT). */
export function reopens(entry: ConntrackEntry, direction: ConntrackDirection, step: TcpStep): boolean {
  if (step !== 'SYN_SENT' || (entry.tcpState !== 'TIME_WAIT' && entry.tcpState !== 'CLOSE')) return false
  return entry.closeSeen || (entry.lastWasReset && entry.lastDirection === direction)
}
