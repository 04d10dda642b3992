/**
 * The rules that a packet met, as the kernel's own trace of nftables tells them (net/netfilter/nf_tables_trace.c): each rule that
 * matched, the end of each chain that it fell off, and the policy of each base chain that it passed.
 *
 * Omits: rules that did not match, as the kernel does.
 */
import type { Step } from '../lab/journeys.ts'

export interface MatchedRule {
  ns: string
  table: string
  chain: string
  /** From 1, in the order of `iptables-save`. */
  rule: number | 'end' | 'policy'
  text?: string
  /** The kernel knows `jump goto accept drop return continue`. */
  verdict: string
  to?: string
}

export function matchedRules(steps: readonly Step[], nameOf: (netns: number) => string): MatchedRule[] {
  const rules: MatchedRule[] = []
  for (const step of steps) {
    if (step.at !== 'rule') continue
    const { netns, table, chain, number, rule, verdict, to } = step.rule
    rules.push({
      ns: nameOf(netns), table, chain, rule: number === 0 ? 'policy' : number, text: rule, verdict: verdict.toLowerCase(), ...(to !== '' && { to }),
    })
  }
  return rules
}
