/** ICMP types and codes (RFC 792, linux/icmp.h), the ICMPv6 ones (RFC 4443) and how the two translate. */
export const ICMP_ECHO_REPLY = 0
export const ICMP_DEST_UNREACH = 3
export const ICMP_ECHO = 8
export const ICMP_TIME_EXCEEDED = 11
export const ICMP_PARAMETER_PROBLEM = 12

export const ICMP_NET_UNREACH = 0
export const ICMP_HOST_UNREACH = 1
export const ICMP_PROT_UNREACH = 2
export const ICMP_PORT_UNREACH = 3
export const ICMP_FRAG_NEEDED = 4
export const ICMP_PKT_FILTERED = 13

export const ICMP_EXC_TTL = 0
export const ICMP_EXC_FRAG_TIME = 1

export const ICMPV6_DEST_UNREACH = 1
export const ICMPV6_PKT_TOO_BIG = 2
export const ICMPV6_TIME_EXCEEDED = 3
export const ICMPV6_PARAMETER_PROBLEM = 4
export const ICMPV6_ECHO = 128
export const ICMPV6_ECHO_REPLY = 129
export const ICMPV6_ROUTER_SOLICITATION = 133
export const ICMPV6_NEIGHBOUR_SOLICITATION = 135
export const ICMPV6_NEIGHBOUR_ADVERTISEMENT = 136

/** Errors quote a packet; nothing answers them with another error. */
export function isIcmpError(type: number): boolean {
  return type === ICMP_DEST_UNREACH || type === 4 || type === 5 || type === ICMP_TIME_EXCEEDED || type === ICMP_PARAMETER_PROBLEM
}

/** RFC 4443 section 2.1: errors have the high bit clear. */
export function isIcmpv6Error(type: number): boolean {
  return type < 128
}

/** The stages speak of errors in ICMP's words; ICMPv6's type and code for the same. */
export function toIcmpv6(type: number, code: number): { type: number; code: number } {
  if (type === ICMP_TIME_EXCEEDED) return { type: ICMPV6_TIME_EXCEEDED, code }
  if (type === ICMP_PARAMETER_PROBLEM) return { type: ICMPV6_PARAMETER_PROBLEM, code }
  switch (code) {
    case ICMP_FRAG_NEEDED:
      return { type: ICMPV6_PKT_TOO_BIG, code: 0 }
    case ICMP_PORT_UNREACH:
      return { type: ICMPV6_DEST_UNREACH, code: 4 }
    case ICMP_HOST_UNREACH:
      return { type: ICMPV6_DEST_UNREACH, code: 3 }
    case ICMP_PROT_UNREACH:
      return { type: ICMPV6_PARAMETER_PROBLEM, code: 1 }
    case ICMP_PKT_FILTERED:
      return { type: ICMPV6_DEST_UNREACH, code: 1 }
    default:
      return { type: ICMPV6_DEST_UNREACH, code: 0 }
  }
}
