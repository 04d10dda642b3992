/**
 * The rules that a packet met, as the kernel's own trace of nftables tells them (nft_do_chain and nf_tables_trace.c): each rule
 * that matched, the end of each chain that it fell off, and the policy of each base chain that it passed.
 *
 * Omits: hooks where none of the tables holds a rule, but for PREROUTING.
 */
import type { Step } from '../lab/journeys.ts'
import type { NetNamespace } from '../net/net-namespace.ts'
import type { HookName, PacketRule } from '../sim/trace-event.ts'

export interface MatchedRule {
  ns: string
  table: string
  chain: string
  /** From 1, in the order of `iptables-save`. */
  rule: number | 'end' | 'policy'
  text?: string
  verdict: string
  to?: string
}

/** Tables in the order in which a hook runs them (nf_ip_hook_priorities); nat comes late where it rewrites sources. */
const ENTERING = ['raw', 'mangle', 'nat', 'filter', 'security']
const LEAVING = ['raw', 'mangle', 'filter', 'security', 'nat']

/** The kernel knows `jump goto accept drop return continue`; what else a target is called is the end of the matter. */
const VERDICTS = new Map([
  ['DNAT', 'accept'],
  ['SNAT', 'accept'],
  ['MASQUERADE', 'accept'],
  ['REDIRECT', 'accept'],
  ['NETMAP', 'accept'],
  ['REJECT', 'drop'],
])

export function matchedRules(
  steps: readonly Step[],
  spaceOf: (netns: number) => { name: string; space: NetNamespace | undefined },
): MatchedRule[] {
  const rules: MatchedRule[] = []
  /** `netns/side` of address rewriting that is settled: the nat table is asked once. */
  const settled = new Set<string>()
  for (const { netns, hook, run } of hookRuns(steps)) {
    const { name, space } = spaceOf(netns)
    const leaving = hook === 'POSTROUTING' || hook === 'INPUT'
    const side = `${netns}/${leaving ? 'src' : 'dst'}`
    for (const table of leaving ? LEAVING : ENTERING) {
      const walk = run.filter((event) => event.table === table)
      const base = space?.netfilter.iptables('ipv4').base(table, hook)
      if (walk.length > 0) rules.push(...walked(name, walk))
      else if (base?.rules.length === 0 && !(table === 'nat' && settled.has(side)))
        rules.push(...passed(name, table, base.name, base.policy))
      if (table === 'nat') settled.add(side)
      if (ends(walk.at(-1))) break
    }
  }
  return rules
}

interface HookRun {
  netns: number
  hook: HookName
  run: PacketRule[]
}

/** Rules of one pass of one hook lie together. What is delivered or forwarded passed PREROUTING before, even if no rule was there. */
function hookRuns(steps: readonly Step[]): HookRun[] {
  const runs: HookRun[] = []
  for (const step of steps) {
    if (step.at !== 'rule') continue
    const { netns, hook } = step.rule
    const last = runs.at(-1)
    if (last?.netns === netns && last.hook === hook) {
      last.run.push(step.rule)
      continue
    }
    const entered = last?.netns === netns && last.hook === 'PREROUTING'
    if ((hook === 'INPUT' || hook === 'FORWARD') && !entered) runs.push({ netns, hook: 'PREROUTING', run: [] })
    runs.push({ netns, hook, run: [step.rule] })
  }
  return runs
}

function walked(ns: string, walk: readonly PacketRule[]): MatchedRule[] {
  const rules: MatchedRule[] = []
  const { table } = walk[0]
  const stack = [walk[0].chain]
  const fallOff = (): void => {
    rules.push({ ns, table, chain: stack.pop() ?? '', rule: 'end', verdict: 'return' })
  }
  for (const { chain, number, rule, verdict, to } of walk) {
    if (number === 0) {
      while (stack.length > 0) fallOff()
      rules.push({ ns, table, chain, rule: 'policy', verdict: verdict.toLowerCase() })
      continue
    }
    while (stack.length > 0 && stack[stack.length - 1] !== chain) fallOff()
    rules.push({
      ns,
      table,
      chain,
      rule: number,
      text: rule,
      verdict: VERDICTS.get(verdict) ?? verdict.toLowerCase(),
      ...(to !== '' && { to }),
    })
    if (verdict === 'GOTO' || verdict === 'RETURN') stack.pop()
    if (verdict === 'GOTO' || verdict === 'JUMP') stack.push(to)
  }
  return rules
}

/** A chain without rules. */
function passed(ns: string, table: string, chain: string, policy: string): MatchedRule[] {
  return [
    { ns, table, chain, rule: 'end', verdict: 'return' },
    { ns, table, chain, rule: 'policy', verdict: policy.toLowerCase() },
  ]
}

function ends(event: PacketRule | undefined): boolean {
  return event !== undefined && (event.verdict === 'DROP' || event.verdict === 'REJECT')
}
