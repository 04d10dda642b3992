/** Every match and target that exists, by the name after `-m` and `-j`. */
import type { MatchDefinition, TargetDefinition } from './extension.ts'
import type { IpFamily } from './family.ts'
import { connmarkMatch, conntrackMatch, stateMatch } from './match-conntrack.ts'
import {
  addrtypeMatch,
  commentMatch,
  dscpMatch,
  hlMatch,
  iprangeMatch,
  lengthMatch,
  macMatch,
  markMatch,
  physdevMatch,
  pkttypeMatch,
  tosMatch,
  ttlMatch,
} from './match-packet.ts'
import { limitMatch, recentMatch, statisticMatch } from './match-rate.ts'
import { icmp6Match, icmpMatch, multiportMatch, sctpMatch, tcpMatch, tcpmssMatch, udpMatch } from './match-transport.ts'
import {
  connmarkTarget,
  ctTarget,
  dscpTarget,
  hlTarget,
  logTarget,
  markTarget,
  nflogTarget,
  notrackTarget,
  tcpmssTarget,
  tosTarget,
  traceTarget,
  ttlTarget,
} from './target-mark.ts'
import { dnatTarget, masqueradeTarget, netmapTarget, redirectTarget, snatTarget } from './target-nat.ts'
import { rejectTarget } from './target-reject.ts'

const MATCHES: readonly MatchDefinition[] = [
  tcpMatch,
  udpMatch,
  sctpMatch,
  multiportMatch,
  tcpmssMatch,
  icmpMatch,
  icmp6Match,
  conntrackMatch,
  stateMatch,
  connmarkMatch,
  commentMatch,
  markMatch,
  addrtypeMatch,
  iprangeMatch,
  macMatch,
  physdevMatch,
  ttlMatch,
  hlMatch,
  lengthMatch,
  pkttypeMatch,
  tosMatch,
  dscpMatch,
  statisticMatch,
  limitMatch,
  recentMatch,
]

const TARGETS: readonly TargetDefinition[] = [
  markTarget,
  connmarkTarget,
  logTarget,
  nflogTarget,
  traceTarget,
  notrackTarget,
  ctTarget,
  ttlTarget,
  hlTarget,
  tcpmssTarget,
  tosTarget,
  dscpTarget,
  rejectTarget,
  dnatTarget,
  snatTarget,
  masqueradeTarget,
  redirectTarget,
  netmapTarget,
]

const MATCH_BY_NAME: ReadonlyMap<string, MatchDefinition> = new Map(MATCHES.map((each) => [each.name, each]))
const TARGET_BY_NAME: ReadonlyMap<string, TargetDefinition> = new Map(TARGETS.map((each) => [each.name, each]))

/** `icmpv6` and `ipv6-icmp` are other names of icmp6's protocol. */
const MATCH_ALIASES: ReadonlyMap<string, string> = new Map([
  ['icmpv6', 'icmp6'],
  ['ipv6-icmp', 'icmp6'],
])

export function matchDefinition(name: string, family: IpFamily): MatchDefinition | undefined {
  const found = MATCH_BY_NAME.get(MATCH_ALIASES.get(name) ?? name)
  return found && (found.family === undefined || found.family === family) ? found : undefined
}

export function targetDefinition(name: string, family: IpFamily): TargetDefinition | undefined {
  const found = TARGET_BY_NAME.get(name)
  return found && (found.family === undefined || found.family === family) ? found : undefined
}

/** Names that a user's chain may not have. */
export function isTargetName(name: string): boolean {
  return TARGET_BY_NAME.has(name) || name === 'ACCEPT' || name === 'DROP' || name === 'RETURN' || name === 'QUEUE'
}
