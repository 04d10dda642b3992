/**
 * The image registry.k8s.io/kube-proxy in iptables mode: cmd/kube-proxy. It watches Services and EndpointSlices and programs the
 * machine that its pod runs on; when it dies, the rules stay.
 *
 * Omits: ipvs and nftables modes, dual-stack detection by the node's addresses, health and metrics ports.
 */
import { Informer } from '../../api/client/informer.ts'
import type { EndpointSlice, Node, Service } from '../../api/types/index.ts'
import { isV6, parsePrefix } from '../../net/addr/ip.ts'
import type { Process } from '../../linux/process.ts'
import { firstOf, sleepWait, type Wait, WaitQueue, workWait } from '../../linux/wait.ts'
import { debianBase, installProgram } from '../base-image.ts'
import { clusterHandle } from '../cluster-handle.ts'
import type { Image } from '../image.ts'
import { Klog } from '../klog.ts'
import { Proxier, type ProxierInput } from './proxier.ts'
import { type ProxyConfig, readConfig } from './proxy-config.ts'
import type { ProxyFamily } from './service-port.ts'

/** Full syncs happen at least this often (proxyutil.FullSyncPeriod). */
const FULL_SYNC_US = 3600 * 1_000_000
const BURST_SYNCS = 2

export const kubeProxyImage: Image = {
  sizeBytes: 36_600_000,
  build: () => ({
    entrypoint: ['/usr/local/bin/kube-proxy'],
    install(fs) {
      debianBase(fs, ['iptables', 'conntrack'])
      installProgram(fs, '/usr/local/bin/kube-proxy', kubeProxy)
    },
  }),
}

export function* kubeProxy(proc: Process, argv: readonly string[]): Generator<Wait, number, unknown> {
  const config = readConfig(proc, argv)
  const log = new Klog(proc)
  const handle = clusterHandle(proc)
  const nodeName = config.hostname || handle.nodeName
  const client = handle.client('kube-proxy')
  const { clock } = proc.world
  log.info('server.go:218', `"Using iptables proxy"`)
  const changed = new WaitQueue()
  const state = { dirty: true }
  const touch = () => {
    state.dirty = true
    changed.wake()
  }
  const services = new Informer<Service>(client, 'services')
  const slices = new Informer<EndpointSlice>(client, 'endpointslices.discovery.k8s.io')
  const nodes = new Informer<Node>(client, 'nodes', { fieldSelector: `metadata.name=${nodeName}` })
  services.onEvent(touch)
  // The empty slice of a new service programs nothing: it must not use up the sync that its endpoints will want.
  slices.onEvent((slice, old) => {
    if (slice?.endpoints?.length || old?.endpoints?.length) touch()
  })
  nodes.onEvent((node, old) => {
    if (zoneOf(node) !== zoneOf(old) || addressOf(node) !== addressOf(old)) touch()
  })
  const stop = proc.atExit(() => {
    for (const informer of [services, slices, nodes]) informer.stop()
  })
  try {
    for (const informer of [services, slices, nodes]) informer.start()
    while (!services.synced || !slices.synced || !nodes.synced) yield firstOf(changed.wait, sleepWait(clock, config.syncPeriodUs))
    const node = nodes.get('', nodeName)
    log.info('server.go:715', `"Successfully retrieved node IP(s)" IPs=["${addressOf(node)}"]`)
    setSysctls(proc, config)
    const proxiers = families(config).map(
      (family) =>
        new Proxier(proc.machine.netns, {
          family,
          nodeName,
          nodeIp: addressOf(node),
          clusterCidr: cidrOf(config, family),
          masqueradeAll: config.masqueradeAll,
          masqueradeBit: config.masqueradeBit,
          localhostNodePorts: config.localhostNodePorts,
          nodePortAddresses: config.nodePortAddresses,
        }),
    )
    log.info('server_linux.go:132', `"Using iptables Proxier"`)
    let lastFullUs = clock.nowUs
    const budget = new SyncBudget(config.minSyncPeriodUs)
    for (;;) {
      if (clock.nowUs - lastFullUs >= FULL_SYNC_US || proxiers.some((proxier) => proxier.rulesWereFlushed)) {
        for (const proxier of proxiers) proxier.forceFullSync()
        lastFullUs = clock.nowUs
        state.dirty = true
      }
      if (!state.dirty) {
        yield firstOf(changed.wait, sleepWait(clock, config.syncPeriodUs))
        continue
      }
      const waitUs = budget.take(clock.nowUs)
      if (waitUs > 0) {
        yield workWait(clock, waitUs)
        continue
      }
      state.dirty = false
      const input: ProxierInput = { services: services.list(), slices: slices.list(), zone: zoneOf(nodes.get('', nodeName)) }
      let failed = false
      for (const proxier of proxiers) {
        const report = proxier.sync(input)
        if (report.error === '') continue
        failed = true
        log.error('proxier.go:1487', `"Failed to execute iptables-restore" err=${JSON.stringify(report.error)}`)
      }
      if (failed) {
        state.dirty = true
        yield sleepWait(clock, config.syncPeriodUs)
      }
    }
  } finally {
    stop()
    for (const informer of [services, slices, nodes]) informer.stop()
  }
}

/** One sync per period, and after a quiet time two at once: the rate limiter of pkg/util/async's BoundedFrequencyRunner, burstSyncs. */
class SyncBudget {
  readonly #periodUs: number
  /** When all that was used is there again. */
  #fullUs = 0

  constructor(periodUs: number) {
    this.#periodUs = periodUs
  }

  /** 0 when a sync may begin now, which is counted; else how long to wait. */
  take(nowUs: number): number {
    const usedUs = Math.max(0, this.#fullUs - nowUs)
    const waitUs = usedUs - (BURST_SYNCS - 1) * this.#periodUs
    if (waitUs > 0) return waitUs
    this.#fullUs = nowUs + usedUs + this.#periodUs
    return 0
  }
}

function families(config: ProxyConfig): ProxyFamily[] {
  const six = config.clusterCidrs.some((cidr) => isV6(parsePrefix(cidr)?.addr ?? 0))
  const four = config.clusterCidrs.some((cidr) => !isV6(parsePrefix(cidr)?.addr ?? 0)) || !six
  return [...(four ? (['ipv4'] as const) : []), ...(six ? (['ipv6'] as const) : [])]
}

function cidrOf(config: ProxyConfig, family: ProxyFamily): string {
  return (
    config.clusterCidrs.find((cidr) => {
      const prefix = parsePrefix(cidr)
      return prefix !== null && isV6(prefix.addr) === (family === 'ipv6')
    }) ?? ''
  )
}

function zoneOf(node: Node | undefined): string {
  return node?.metadata.labels?.['topology.kubernetes.io/zone'] ?? ''
}

function addressOf(node: Node | undefined): string {
  return node?.status?.addresses?.find(({ type }) => type === 'InternalIP')?.address ?? ''
}

/** cmd/kube-proxy/app/conntrack.go and the route_localnet of NewProxier. */
function setSysctls(proc: Process, config: ProxyConfig): void {
  const { sysctl } = proc.machine.netns
  sysctl.set('net.netfilter.nf_conntrack_max', '131072')
  sysctl.set('net.netfilter.nf_conntrack_tcp_timeout_established', '86400')
  sysctl.set('net.netfilter.nf_conntrack_tcp_timeout_close_wait', '3600')
  if (config.localhostNodePorts) sysctl.set('net.ipv4.conf.all.route_localnet', '1')
}
