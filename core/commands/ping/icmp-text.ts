/** What ping says of an ICMP error (iputils' ping.c pr_icmph and ping6_common.c pr_icmph6). Null for what is no error. */
const UNREACHABLE: readonly string[] = [
  'Destination Net Unreachable', 'Destination Host Unreachable', 'Destination Protocol Unreachable', 'Destination Port Unreachable', '',
  'Source Route Failed', 'Destination Net Unknown', 'Destination Host Unknown', 'Source Host Isolated', 'Destination Net Prohibited',
  'Destination Host Prohibited', 'Destination Net Unreachable for Type of Service', 'Destination Host Unreachable for Type of Service',
  'Packet filtered', 'Precedence Violation', 'Precedence Cutoff',
]
const UNREACHABLE_6: readonly string[] = ['No route', 'Administratively prohibited', 'Beyond scope of source address', 'Address unreachable', 'Port unreachable']

export function errorText(type: number, code: number, mtu: number, v6: boolean): string | null {
  if (v6) {
    if (type === 1) return `Destination unreachable: ${UNREACHABLE_6[code] ?? `Unknown code ${code}`}`
    if (type === 2) return `Packet too big: mtu=${mtu}`
    if (type === 3) return `Time exceeded: ${code === 0 ? 'Hop limit' : 'Defragmentation failure'}`
    return null
  }
  if (type === 3) return code === 4 ? `Frag needed and DF set (mtu = ${mtu})` : (UNREACHABLE[code] ?? `Dest Unreachable, Bad Code: ${code}`)
  if (type === 11) return code === 0 ? 'Time to live exceeded' : 'Frag reassembly time exceeded'
  if (type === 4) return 'Source Quench'
  return type === 5 ? 'Redirect Host' : null
}
