/**
 * REJECT: answers, then drops. Truth: iptables-extensions(8), ipt_REJECT.c, ip6t_REJECT.c, nf_reject_ipv4.c (nf_send_unreach,
 * nf_send_reset).
 */
import { IPPROTO_TCP } from '../../packet/packet.ts'
import { optionShapes, Refusal, type TargetDefinition } from './extension.ts'
import type { IpFamily } from './family.ts'

interface RejectType {
  readonly name: string
  readonly short: string
  /** -1: a TCP reset. */
  readonly type: number
  readonly code: number
}

const V4: readonly RejectType[] = [
  { name: 'icmp-net-unreachable', short: 'net-unreach', type: 3, code: 0 },
  { name: 'icmp-host-unreachable', short: 'host-unreach', type: 3, code: 1 },
  { name: 'icmp-proto-unreachable', short: 'proto-unreach', type: 3, code: 2 },
  { name: 'icmp-port-unreachable', short: 'port-unreach', type: 3, code: 3 },
  { name: 'icmp-net-prohibited', short: 'net-prohib', type: 3, code: 9 },
  { name: 'icmp-host-prohibited', short: 'host-prohib', type: 3, code: 10 },
  { name: 'tcp-reset', short: 'tcp-rst', type: -1, code: 0 },
  { name: 'icmp-admin-prohibited', short: 'admin-prohib', type: 3, code: 13 },
]

const V6: readonly RejectType[] = [
  { name: 'icmp6-no-route', short: 'no-route', type: 1, code: 0 },
  { name: 'icmp6-adm-prohibited', short: 'adm-prohibited', type: 1, code: 1 },
  { name: 'icmp6-addr-unreachable', short: 'addr-unreach', type: 1, code: 3 },
  { name: 'icmp6-port-unreachable', short: 'port-unreach', type: 1, code: 4 },
  { name: 'tcp-reset', short: 'tcp-reset', type: -1, code: 0 },
  { name: 'icmp6-policy-fail', short: 'policy-fail', type: 1, code: 5 },
  { name: 'icmp6-reject-route', short: 'reject-route', type: 1, code: 6 },
]

/** The type that `text` names or unambiguously begins, in iptables' order of preference. */
function rejectType(text: string, family: IpFamily): RejectType | undefined {
  const wanted = text.toLowerCase()
  const known = family === 'ipv4' ? V4 : V6
  return known.find(({ name, short }) => name.startsWith(wanted) || short.startsWith(wanted))
}

export const rejectTarget: TargetDefinition = {
  name: 'REJECT',
  options: optionShapes(['reject-with=1']),
  build(uses, head) {
    const text = uses.value('reject-with') ?? (head.family === 'ipv4' ? 'icmp-port-unreachable' : 'icmp6-port-unreachable')
    const reject = rejectType(text, head.family)
    if (!reject) return new Refusal(`unknown reject type "${text}"`)
    const reset = reject.type < 0
    return {
      name: 'REJECT',
      run({ ns, packet, hook }) {
        if (!reset) ns.icmp.sendError(packet, reject.type, reject.code)
        else if (packet.protocol === IPPROTO_TCP) ns.sendTcpReset(packet, hook)
        return 'REJECT'
      },
      text: ` --reject-with ${reject.name}`,
      list: () => `reject-with ${reject.name}`,
      tables: reset && (head.protocol !== IPPROTO_TCP || head.protocolInvert) ? [] : ['filter'],
    }
  },
}
