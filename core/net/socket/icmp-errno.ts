/** What an ICMP error means to a program (icmp_err_convert in net/ipv4/icmp.c, icmpv6_err_convert). */
import type { Errno } from '../../base/errno.ts'
import { ICMP_DEST_UNREACH, ICMP_TIME_EXCEEDED, ICMPV6_DEST_UNREACH, ICMPV6_PKT_TOO_BIG } from '../ip/icmp-types.ts'
import { IPPROTO_ICMPV6, type Packet } from '../packet/packet.ts'

export interface IcmpMeaning {
  errno: Errno
  /** Ends a connection that is established, not only one that is being made. */
  fatal: boolean
}

export function icmpMeaning(error: Packet): IcmpMeaning {
  const { icmpType: type, icmpCode: code } = error
  if (error.protocol === IPPROTO_ICMPV6) {
    if (type === ICMPV6_PKT_TOO_BIG) return { errno: 'EMSGSIZE', fatal: false }
    if (type !== ICMPV6_DEST_UNREACH) return { errno: 'EHOSTUNREACH', fatal: false }
    if (code === 4) return { errno: 'ECONNREFUSED', fatal: true }
    if (code === 1) return { errno: 'EACCES', fatal: true }
    return { errno: code === 0 ? 'ENETUNREACH' : 'EHOSTUNREACH', fatal: false }
  }
  if (type === ICMP_TIME_EXCEEDED || type !== ICMP_DEST_UNREACH) return { errno: 'EHOSTUNREACH', fatal: false }
  switch (code) {
    case 0:
    case 6:
    case 9:
    case 11:
      return { errno: 'ENETUNREACH', fatal: code === 6 || code === 9 }
    case 2:
      return { errno: 'EPROTONOSUPPORT', fatal: true }
    case 3:
      return { errno: 'ECONNREFUSED', fatal: true }
    case 4:
      return { errno: 'EMSGSIZE', fatal: false }
    default:
      return { errno: 'EHOSTUNREACH', fatal: code === 7 || code === 10 || code === 13 || code === 15 }
  }
}
