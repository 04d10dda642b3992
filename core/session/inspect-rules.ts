/**
 * Rules of a network namespace as they stand, with their counters and the object that each chain was made for. The objects come
 * from what the programs said when they made the chains (`rules.origin`).
 */
import type { Cluster } from '../cluster/cluster.ts'

export interface InspectedRule {
  netns: number
  machine: string
  table: string
  chain: string
  number: number
  rule: string
  packets: number
  object: string
}

const RULE = /^\[(\d+):\d+\] (-A (\S+) .*)$/

export function inspectRules(cluster: Cluster, origins: ReadonlyMap<string, string>, netns: number): InspectedRule[] {
  const space = cluster.net.namespaces.get(netns)
  if (!space) return []
  const tables = space.netfilter.iptables('ipv4')
  const rules: InspectedRule[] = []
  let table = ''
  const numbers = new Map<string, number>()
  for (const line of tables.save({ counters: true }).split('\n')) {
    if (line.startsWith('*')) {
      table = line.slice(1)
      numbers.clear()
    }
    const match = RULE.exec(line)
    if (!match) continue
    const number = (numbers.get(match[3]) ?? 0) + 1
    numbers.set(match[3], number)
    rules.push({
      netns,
      machine: space.machine,
      table,
      chain: match[3],
      number,
      rule: match[2],
      packets: Number(match[1]),
      object: origins.get(`${netns}/${table}/${match[3]}`) ?? '',
    })
  }
  return rules
}
