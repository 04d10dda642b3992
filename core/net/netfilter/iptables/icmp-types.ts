/** Names of ICMP types and codes as `iptables -p icmp -h` and `ip6tables -p icmpv6 -h` list them. */
interface IcmpType {
  readonly name: string
  readonly type: number
  /** -1 is every code. */
  readonly code: number
}

/** Name, type, code; a second name for the same pair comes after the first. */
const V4: readonly IcmpType[] = table([
  'any 255 -1',
  'echo-reply 0 -1',
  'pong 0 -1',
  'destination-unreachable 3 -1',
  'network-unreachable 3 0',
  'host-unreachable 3 1',
  'protocol-unreachable 3 2',
  'port-unreachable 3 3',
  'fragmentation-needed 3 4',
  'source-route-failed 3 5',
  'network-unknown 3 6',
  'host-unknown 3 7',
  'network-prohibited 3 9',
  'host-prohibited 3 10',
  'TOS-network-unreachable 3 11',
  'TOS-host-unreachable 3 12',
  'communication-prohibited 3 13',
  'host-precedence-violation 3 14',
  'precedence-cutoff 3 15',
  'source-quench 4 -1',
  'redirect 5 -1',
  'network-redirect 5 0',
  'host-redirect 5 1',
  'TOS-network-redirect 5 2',
  'TOS-host-redirect 5 3',
  'echo-request 8 -1',
  'ping 8 -1',
  'router-advertisement 9 -1',
  'router-solicitation 10 -1',
  'time-exceeded 11 -1',
  'ttl-exceeded 11 -1',
  'ttl-zero-during-transit 11 0',
  'ttl-zero-during-reassembly 11 1',
  'parameter-problem 12 -1',
  'ip-header-bad 12 0',
  'required-option-missing 12 1',
  'timestamp-request 13 -1',
  'timestamp-reply 14 -1',
  'address-mask-request 17 -1',
  'address-mask-reply 18 -1',
])

const V6: readonly IcmpType[] = table([
  'destination-unreachable 1 -1',
  'no-route 1 0',
  'communication-prohibited 1 1',
  'beyond-scope 1 2',
  'address-unreachable 1 3',
  'port-unreachable 1 4',
  'failed-policy 1 5',
  'reject-route 1 6',
  'packet-too-big 2 -1',
  'time-exceeded 3 -1',
  'ttl-exceeded 3 -1',
  'ttl-zero-during-transit 3 0',
  'ttl-zero-during-reassembly 3 1',
  'parameter-problem 4 -1',
  'bad-header 4 0',
  'unknown-header-type 4 1',
  'unknown-option 4 2',
  'echo-request 128 -1',
  'ping 128 -1',
  'echo-reply 129 -1',
  'pong 129 -1',
  'router-solicitation 133 -1',
  'router-advertisement 134 -1',
  'neighbour-solicitation 135 -1',
  'neighbor-solicitation 135 -1',
  'neighbour-advertisement 136 -1',
  'neighbor-advertisement 136 -1',
  'redirect 137 -1',
])

function table(lines: readonly string[]): readonly IcmpType[] {
  return lines.map((line) => {
    const [name, type, code] = line.split(' ')
    return { name, type: Number(type), code: Number(code) }
  })
}

/** `echo-request`, an unambiguous beginning of a name, `8` or `3/4`. */
export function icmpTypeNumber(text: string, v6: boolean): { type: number; code: number } | null {
  const known = v6 ? V6 : V4
  const wanted = text.toLowerCase()
  const exact = known.find(({ name }) => name.toLowerCase() === wanted)
  if (exact) return { type: exact.type, code: exact.code }
  const fits = known.filter(({ name }) => name.toLowerCase().startsWith(wanted))
  if (fits.length === 1) return { type: fits[0].type, code: fits[0].code }
  const numbers = /^(\d{1,3})(?:\/(\d{1,3}))?$/.exec(text)
  if (!numbers || Number(numbers[1]) > 255 || Number(numbers[2] ?? 0) > 255) return null
  return { type: Number(numbers[1]), code: numbers[2] === undefined ? -1 : Number(numbers[2]) }
}

export function icmpTypeName(type: number, code: number, v6: boolean): string | null {
  return (v6 ? V6 : V4).find((each) => each.type === type && each.code === code)?.name ?? null
}
