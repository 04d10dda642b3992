/**
 * The simulator against the kernel that runs here: a cluster is described, built from real network namespaces, the same flows go
 * through both, and every interface crossing with addresses and TTL must be the same, and every rule that matched.
 *
 * The lab that builds it lies beside the repository, in `shared/oracle/kernel-lab`. Its namespaces have no name and are gone with
 * its process, however that ends.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import type { CniName } from '../../core/cluster/world-spec.ts'
import { describeWorld, toKernelLabResult } from '../../core/session/kernel-lab.ts'
import { Probe } from '../../core/session/probe.ts'
import { flowLine, flowsOf, flowWorld } from '../support/flow-world.ts'

const LAB = fileURLToPath(new URL('../../../shared/oracle/kernel-lab', import.meta.url))
const NETWORKS: readonly CniName[] = ['host-gw', 'vxlan', 'bridge']
const POD = 'pod/default'
/** Long enough for a machine with much to do, short enough for a dozen losses. */
const PATIENCE = { timeoutMs: 700 }

const FLOWS = [
  `${POD}/near > service/default/web 80`,
  `${POD}/near > service/default/web 80 again`,
  `${POD}/far > service/default/web 80`,
  `${POD}/web > service/default/web 80`,
  'node/worker-1 > service/default/web 80',
  'node/worker-2 > service/default/web 80',
  'node/control-plane > service/default/web 80',
  'host/client > node/worker-1 31000',
  'host/client > node/worker-2 31000',
  'host/client > node/worker-1 31001',
  'host/client > node/worker-2 31001',
  `${POD}/far > node/worker-2 31001`,
  `${POD}/near > node/worker-2 31000`,
  'node/worker-1 > 127.0.0.1 31000',
  `${POD}/near > service/default/empty 80`,
  'node/worker-1 > service/default/empty 80',
  'host/client > service/default/empty 80',
  `${POD}/near > service/default/ghost 80`,
  `${POD}/near > ${POD}/web 80`,
  `${POD}/far > ${POD}/web 80`,
  `${POD}/far > ${POD}/web 81`,
  'node/worker-1 > pod/default/web 80',
  'node/worker-2 > pod/default/web 80',
  'host/client > pod/default/web 80',
  `${POD}/near > service/default/web 81`,
  `${POD}/near > service/default/web ICMP`,
  `${POD}/near > ${POD}/web ICMP`,
  `${POD}/far > ${POD}/web ICMP`,
  `${POD}/far > node/worker-1 ICMP`,
  `${POD}/far > host/client ICMP`,
  'node/worker-1 > node/worker-1 ICMP',
  `${POD}/far > host/client 9`,
  `${POD}/near > host/client 22`,
  `${POD}/near > node/worker-2 10250`,
  `${POD}/near > service/default/kubernetes 443`,
  `${POD}/near > service/default/names 53/UDP`,
  `${POD}/far > service/default/names 53/UDP`,
  'node/worker-2 > service/default/names 53/UDP',
  `${POD}/far > ${POD}/names 53/UDP`,
  `${POD}/far > ${POD}/web 99/UDP`,
]

const missing = lacks()
const folder = mkdtempSync(join(tmpdir(), 'vethlab-kernel-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe.skipIf(missing !== '')(`the kernel here${missing === '' ? '' : ` (left out: ${missing})`}`, () => {
  for (const cni of NETWORKS) {
    test(`${cni}: the same crossings and the same rules`, () => {
      const world = flowWorld(cni)
      const probe = new Probe(world)
      probe.startCold()
      const flows = flowsOf(FLOWS.map((line) => flowLine(line, { id: line, ...PATIENCE })))
      const file = (name: string, content: unknown): string => {
        const path = join(folder, `${cni}-${name}.json`)
        writeFileSync(path, JSON.stringify(content))
        return path
      }
      const description = file('description', describeWorld(world, flows, probe))
      const ours = file('ours', toKernelLabResult(world, probe.sendAll(flows), probe))
      const kernel = join(folder, `${cni}-kernel.json`)
      expect(lab('run', description, '-o', kernel, '--max-seconds', '50')).toEqual({ status: 0, error: '' })
      const compared = lab('compare', kernel, ours, '--level', '4')
      expect(compared).toMatchObject({ error: '' })
      expect(compared.output).toMatchObject({ equal: FLOWS.length, different: [], only_in_first: [], only_in_second: [] })
    }, 90_000)
  }
})

function lab(...args: string[]): { status: number | null; error: string; output?: unknown } {
  const { status, stdout, stderr } = spawnSync(LAB, args, { encoding: 'utf8', timeout: 60_000, maxBuffer: 1 << 28 })
  return { status, error: stderr, ...(stdout !== '' && { output: JSON.parse(stdout) }) }
}

/** What this machine lacks for it, or ''. */
function lacks(): string {
  if (process.platform !== 'linux') return 'not Linux'
  if (process.getuid?.() !== 0) return 'not root'
  if (!existsSync(LAB)) return 'no kernel-lab beside the repository'
  for (const tool of ['ip', 'bridge', 'iptables-nft-restore', 'nft', 'python3']) {
    if (spawnSync(tool, ['--version'], { stdio: 'ignore' }).error) return `no ${tool}`
  }
  if (spawnSync('unshare', ['--net', 'true'], { stdio: 'ignore' }).status !== 0) return 'network namespaces cannot be made'
  return ''
}
