/**
 * Resets in answer to a packet: of a closed port (tcp_v4_send_reset) and of a REJECT rule (nf_send_reset in
 * net/ipv4/netfilter/nf_reject_ipv4.c).
 */
import type { HookName } from '../../sim/trace-event.ts'
import { outputAnySource } from '../ip/output.ts'
import type { NetNamespace } from '../net-namespace.ts'
import { IPPROTO_TCP, Packet, TCP_ACK, TCP_FIN, TCP_RST, TCP_SYN } from '../packet/packet.ts'
import { traceNew } from '../packet/packet-trace.ts'

/** Nobody listens: RST to whoever sent `packet`. */
export function replyReset(ns: NetNamespace, packet: Packet): void {
  if ((packet.flags & TCP_RST) !== 0 || !ns.fib.isLocal(packet.dst)) return
  const reset = resetOf(ns, packet)
  ns.output(reset)
}

/**
 * A rule rejected `packet` at `hook`. The reset has the source that was asked for, whoever's it is. For a packet that came in
 * through a bridge it goes straight back out of the port, past all hooks, with the MACs exchanged.
 */
export function sendTcpReset(ns: NetNamespace, packet: Packet, hook: HookName): void {
  if (packet.protocol !== IPPROTO_TCP || (packet.flags & TCP_RST) !== 0 || packet.fragmentOffset > 0) return
  if (packet.frameFor === 'group') return
  const reset = resetOf(ns, packet)
  reset.ct = packet.ct
  reset.ctInfo = packet.ct ? 'ESTABLISHED' : 'UNTRACKED'
  reset.ctDirection = packet.ctDirection === 0 ? 1 : 0
  const port = packet.physIn
  if (port && hook !== 'OUTPUT') {
    reset.etherSrc = packet.etherDst
    reset.etherDst = packet.etherSrc
    reset.etherType = packet.etherType
    traceNew(ns, reset)
    port.transmit(reset)
    return
  }
  outputAnySource(ns, reset)
}

function resetOf(ns: NetNamespace, packet: Packet): Packet {
  const reset = new Packet()
  reset.cause = packet.id
  reset.protocol = IPPROTO_TCP
  reset.src = packet.dst
  reset.dst = packet.src
  reset.sport = packet.dport
  reset.dport = packet.sport
  reset.ttl = ns.sysctl.defaultTtl
  reset.df = true
  if ((packet.flags & TCP_ACK) !== 0) {
    reset.seq = packet.ack
    reset.flags = TCP_RST
  } else {
    const syn = (packet.flags & TCP_SYN) !== 0 ? 1 : 0
    const fin = (packet.flags & TCP_FIN) !== 0 ? 1 : 0
    reset.ack = (packet.seq + packet.payload.length + syn + fin) >>> 0
    reset.flags = TCP_RST | TCP_ACK
  }
  return reset
}
