/**
 * Packet journeys as tables: who asks whom, how it ends, who answers and whom that one sees, in each network. The golden files
 * hold the interfaces crossed, the rewriting and the rules met. KERNEL.md's table, and the kernel itself (test/kernel), agree.
 */
import { describe, expect, test } from 'vitest'
import type { CniName } from '../../core/cluster/world-spec.ts'
import type { FlowResult } from '../../core/lab/flow.ts'
import { Probe } from '../../core/session/probe.ts'
import { flowLine, flowsOf, flowWorld, readable } from '../support/flow-world.ts'

const NETWORKS: readonly CniName[] = ['host-gw', 'vxlan', 'bridge']
const POD = 'pod/default'

/** Flow; then verdict, server and seen source: in all three networks, or in each of them. */
const TABLE: readonly (readonly [flow: string, all: string] | readonly [flow: string, hostGw: string, vxlan: string, bridge: string])[] = [
  [`${POD}/near > service/default/web 80`, 'delivered web 10.244.1.88'],
  [`${POD}/far > service/default/web 80`, 'delivered web 10.244.2.88'],
  [`${POD}/web > service/default/web 80`, 'delivered web 10.244.1.1'],
  ['node/worker-1 > service/default/web 80', 'delivered web 10.244.1.1'],
  ['node/worker-2 > service/default/web 80', 'delivered web 172.18.0.4', 'delivered web 10.244.2.0', 'delivered web 10.244.2.1'],
  ['host/client > node/worker-1 31000', 'delivered web 10.244.1.1'],
  ['host/client > node/worker-2 31000', 'delivered web 172.18.0.4', 'delivered web 10.244.2.0', 'timeout - -'],
  ['host/client > node/worker-1 31001', 'delivered web 172.18.0.100'],
  ['host/client > node/worker-2 31001', 'timeout - -'],
  [`${POD}/far > node/worker-2 31001`, 'delivered web 10.244.2.88'],
  ['node/worker-1 > 127.0.0.1 31000', 'delivered web 10.244.1.1'],
  [`${POD}/near > service/default/empty 80`, 'refused - -'],
  ['node/worker-1 > service/default/empty 80', 'refused - -'],
  [`${POD}/near > service/default/ghost 80`, 'timeout - -'],
  [`${POD}/near > ${POD}/web 80`, 'delivered web 10.244.1.88'],
  [`${POD}/far > ${POD}/web 80`, 'delivered web 10.244.2.88'],
  [`${POD}/far > ${POD}/web 81`, 'refused - -'],
  ['node/worker-2 > pod/default/web 80', 'delivered web 172.18.0.4', 'delivered web 10.244.2.0', 'delivered web 10.244.2.1'],
  [`${POD}/near > service/default/web 81`, 'timeout - -'],
  [`${POD}/far > service/default/web ICMP`, 'timeout - -'],
  [`${POD}/far > ${POD}/web ICMP`, 'delivered web 10.244.2.88'],
  [`${POD}/far > host/client ICMP`, 'delivered client 172.18.0.4'],
  [`${POD}/far > host/client 9`, 'refused - -'],
  [`${POD}/near > host/client 22`, 'delivered client 172.18.0.3'],
  [`${POD}/near > node/worker-2 10250`, 'delivered worker-2 172.18.0.3'],
  [`${POD}/near > service/default/names 53/UDP`, 'delivered names 10.244.1.88'],
  [`${POD}/far > service/default/names 53/UDP`, 'delivered names 10.244.2.88'],
  [
    'node/worker-2 > service/default/names 53/UDP',
    'delivered names 172.18.0.4',
    'delivered names 10.244.2.0',
    'delivered names 10.244.2.1',
  ],
  [`${POD}/far > ${POD}/web 99/UDP`, 'refused - -'],
  [`${POD}/far > 10.244.2.250 80`, 'timeout - -'],
  ['host/client > pod/default/web 80', 'timeout - -'],
  [`${POD}/near > web 80`, 'delivered web 10.244.1.88'],
  [`${POD}/near > web.default.svc.cluster.local 80`, 'delivered web 10.244.1.88'],
  [`${POD}/near > nobody.default 80`, 'unresolved - -'],
  [`${POD}/near > service/default/web 80/SCTP`, 'unreachable - -'],
]

for (const [column, cni] of NETWORKS.entries()) {
  describe(cni, () => {
    const world = flowWorld(cni)
    const probe = new Probe(world)
    probe.startCold()
    const reports = probe.sendAll(flowsOf(TABLE.map(([line]) => flowLine(line)))).map(([{ report }]) => report)
    for (const [i, [line, ...wanted]] of TABLE.entries()) {
      test(line, () => {
        const { verdict, server, seenSource } = reports[i]
        const seen = `${verdict} ${server.split('/').at(-1) || '-'} ${seenSource || '-'}`
        expect(seen, story(reports[i])).toBe(wanted[column] ?? wanted[0])
      })
    }
    test('the ways they take', async () => {
      await expect(readable(world, `${reports.map(story).join('\n\n')}\n`)).toMatchFileSnapshot(`./golden/${cni}.txt`)
    })
  })
}

/** Ports chosen by chance, identifiers of ping and comments of rules say nothing here. */
function story({ id, path, nat, rules, drop }: FlowResult): string {
  const hide = (ends: string): string => (id.endsWith('ICMP') ? ends.replace(/:\d+/g, '') : ends.replace(/:\d+->/, ':*->'))
  const lines = [id, `  path ${path.join(' ')}`.trimEnd()]
  for (const { at, hook, from, to } of nat) lines.push(`  ${at} ${hook} ${hide(from)} => ${hide(to)}`)
  for (const { at, table, rule } of rules) lines.push(`  ${at} ${table} ${rule}`)
  if (drop) lines.push(`  dropped at ${drop.at}: ${drop.reason} ${drop.rule}`.trimEnd())
  return lines.join('\n').replace(/ -m comment --comment "[^"]*"/g, '')
}
