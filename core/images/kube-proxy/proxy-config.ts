/**
 * kube-proxy's configuration: flags, and the few fields of KubeProxyConfiguration (kubeproxy.config.k8s.io/v1alpha1) that matter
 * here, read from the file of `--config`.
 *
 * Omits: everything else in that file; YAML beyond `key: value` lines.
 */
import { isErrno } from '../../base/errno.ts'
import type { Process } from '../../linux/process.ts'

export interface ProxyConfig {
  readonly clusterCidrs: readonly string[]
  readonly hostname: string
  readonly masqueradeAll: boolean
  readonly masqueradeBit: number
  readonly localhostNodePorts: boolean
  /** Prefixes of the node's addresses that take node ports, or `primary`; empty: all of them. */
  readonly nodePortAddresses: readonly string[]
  readonly minSyncPeriodUs: number
  readonly syncPeriodUs: number
}

const CONFIG_FILE = '/var/lib/kube-proxy/config.conf'
const SECOND_US = 1_000_000
/** iptablesMasqueradeBit */
const MASQUERADE_BIT = 14
const MIN_SYNC_PERIOD_US = SECOND_US
const SYNC_PERIOD_US = 30 * SECOND_US

export function readConfig(proc: Process, argv: readonly string[]): ProxyConfig {
  const flags = new Map<string, string>()
  argv.forEach((word, i) => {
    const flag = /^--([a-z0-9-]+)(?:=(.*))?$/.exec(word)
    if (flag) flags.set(flag[1], flag[2] ?? (argv[i + 1]?.startsWith('--') === false ? argv[i + 1] : 'true'))
  })
  const file = proc.fs.read(flags.get('config') ?? CONFIG_FILE)
  const fields = new Map<string, string>()
  if (!isErrno(file)) {
    for (const line of file.split('\n')) {
      const field = /^\s*([A-Za-z]+):\s*([^#]*?)\s*$/.exec(line)
      if (field && field[2] !== '') fields.set(field[1], field[2].replace(/^"([^"]*)"$/, '$1'))
    }
  }
  const value = (flag: string, field: string) => flags.get(flag) ?? fields.get(field) ?? ''
  return {
    clusterCidrs: listOf(value('cluster-cidr', 'clusterCIDR')),
    hostname: value('hostname-override', 'hostnameOverride'),
    masqueradeAll: value('masquerade-all', 'masqueradeAll') === 'true',
    masqueradeBit: Number(value('iptables-masquerade-bit', 'masqueradeBit')) || MASQUERADE_BIT,
    nodePortAddresses: listOf(value('nodeport-addresses', 'nodePortAddresses')),
    localhostNodePorts: value('iptables-localhost-nodeports', 'localhostNodePorts') !== 'false',
    minSyncPeriodUs: durationUs(value('iptables-min-sync-period', 'minSyncPeriod'), MIN_SYNC_PERIOD_US),
    syncPeriodUs: durationUs(value('iptables-sync-period', 'syncPeriod'), SYNC_PERIOD_US),
  }
}

/** `a,b` of a flag, `["a","b"]` of the file. */
function listOf(text: string): string[] {
  return text
    .replace(/[[\]"]/g, '')
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '')
}

/** `1s`, `500ms`, `1m30s`; 0 stands for the default, as in the configuration. */
function durationUs(text: string, fallback: number): number {
  const units: ReadonlyMap<string, number> = new Map([
    ['ms', 1000],
    ['s', SECOND_US],
    ['m', 60 * SECOND_US],
    ['h', 3600 * SECOND_US],
  ])
  let us = 0
  for (const part of text.matchAll(/(\d{1,9})(ms|s|m|h)/g)) us += Number(part[1]) * (units.get(part[2]) as number)
  return us > 0 ? us : fallback
}
