/**
 * The daemon of the flat layer-2 network (`cni: bridge`): makes the node's uplink a port of cni0, so that all pods of all nodes
 * are on one Ethernet, and writes the configuration of the plain `bridge` plugin. Laid out as the project's reference clusters.
 *
 * Omits: undoing it when the daemon goes.
 */
import { isStatusError } from '../../api/meta/status.ts'
import { isErrno, strerror } from '../../base/errno.ts'
import type { Process } from '../../linux/process.ts'
import type { Program } from '../../linux/program.ts'
import { WaitQueue } from '../../linux/wait.ts'
import { type Prefix, formatIp, formatPrefix, lastAddress, parsePrefix } from '../../net/addr/ip.ts'
import { macFor } from '../../node/cni/pod-link.ts'
import { CNI_CONF_DIR } from '../../node/cni/cni-types.ts'
import { alpineBase, installProgram } from '../base-image.ts'
import { clusterHandle } from '../cluster-handle.ts'
import type { Image } from '../image.ts'
import { applyFlannelRules } from './flannel-rules.ts'
import { type NodeSubnet, deviceWith, firstHost, waitForSubnet } from './node-subnets.ts'

const BRIDGE = 'cni0'

export const l2BridgeImage: Image = {
  sizeBytes: 12_582_912,
  build: () => ({
    entrypoint: ['/usr/local/bin/l2-bridge'],
    install(fs) {
      alpineBase(fs, ['iptables', 'iproute2'])
      installProgram(fs, '/usr/local/bin/l2-bridge', daemon)
    },
  }),
}

const daemon: Program = function* (proc, argv) {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) proc.onSignal(signal, () => proc.exit(0))
  const network = parsePrefix(argv[1] ?? '')
  if (!network) {
    proc.error('usage: l2-bridge POD-NETWORK\n')
    return 2
  }
  const handle = clusterHandle(proc)
  const client = handle.client('l2-bridge')
  const self = yield* waitForSubnet(proc, client, handle.nodeName, `node "${handle.nodeName}" has no pod network yet`)
  const failed =
    bridgeUplink(proc, self, network) ??
    applyFlannelRules(proc.netns, formatPrefix(network), formatPrefix(self.subnet), {
      object: `DaemonSet/${handle.namespace}/${proc.context.label.split('/')[2] ?? ''}`,
      by: 'l2-bridge',
    })
  if (failed !== null) {
    proc.error(`${failed}\n`)
    return 1
  }
  proc.fs.mkdir(CNI_CONF_DIR, { parents: true })
  proc.fs.write(`${CNI_CONF_DIR}/10-bridge.conflist`, `${JSON.stringify(configuration(self, network), null, 2)}\n`)
  proc.print(`${BRIDGE} carries ${formatPrefix(self.subnet)} of ${formatPrefix(network)}\n`)
  try {
    const now = proc.world.nowIso()
    client.patch('nodes', '', self.name, {
      type: 'strategic',
      subresource: 'status',
      body: {
        status: {
          conditions: [
            {
              type: 'NetworkUnavailable',
              status: 'False',
              reason: 'BridgeIsUp',
              message: 'The pod bridge is connected to the node network',
              lastHeartbeatTime: now,
              lastTransitionTime: now,
            },
          ],
        },
      },
    })
  } catch (error) {
    if (!isStatusError(error)) throw error
  }
  const ended = new WaitQueue()
  for (;;) yield ended.wait
}

/** Moves the uplink's addresses and routes to the bridge. A text is what went wrong. */
function bridgeUplink(proc: Process, self: NodeSubnet, network: Prefix): string | null {
  const ns = proc.netns
  const gateway = firstHost(self.subnet)
  const uplink = deviceWith(ns, self.address)
  if (!uplink) return `no interface has ${formatIp(self.address)}`
  const old = ns.link(BRIDGE)
  const made = old ?? ns.addLink({ name: BRIDGE, kind: 'bridge', mac: macFor(gateway), mtu: uplink.mtu, up: true })
  if (isErrno(made)) return `cannot make ${BRIDGE}: ${strerror(made)}`
  if (uplink !== made) {
    const addresses = uplink.addresses.filter((a) => a.scope === 'global')
    const routes = ns.fib.list(254).filter((r) => r.dev === uplink && r.via !== null)
    for (const a of addresses) ns.delAddress(uplink, a.ip, a.prefixLength)
    const error = ns.setLink(uplink, { master: made })
    if (error) return `cannot make ${uplink.name} a port of ${BRIDGE}: ${strerror(error)}`
    for (const a of addresses) ns.addAddress(made, a.ip, a.prefixLength)
    for (const r of routes) ns.fib.add({ prefix: r.prefix, via: r.via, dev: made, metric: r.metric })
  }
  if (!made.addresses.some((a) => a.ip === gateway)) ns.addAddress(made, gateway, network.length)
  ns.sysctl.set('net.ipv4.ip_forward', '1')
  return null
}

function configuration(self: NodeSubnet, network: Prefix): object {
  const last = lastAddress(self.subnet.addr, self.subnet.length)
  const before = typeof last === 'bigint' ? last - 1n : last - 1
  const second = firstHost(self.subnet)
  const range = {
    subnet: formatPrefix(network),
    rangeStart: formatIp(typeof second === 'bigint' ? second + 1n : second + 1),
    rangeEnd: formatIp(before),
    gateway: formatIp(second),
  }
  return {
    cniVersion: '1.0.0',
    name: 'pods',
    plugins: [
      {
        type: 'bridge',
        bridge: BRIDGE,
        isGateway: true,
        isDefaultGateway: true,
        hairpinMode: true,
        ipam: { type: 'host-local', ranges: [[range]] },
      },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  }
}
