/**
 * flanneld with the host-gw and vxlan backends: takes the node's pod network from its Node object, tells the CNI plugin in
 * /run/flannel/subnet.env, and keeps routes (and, with vxlan, neighbours and forwarding entries) to the networks of all others.
 * Truth: github.com/flannel-io/flannel (README, Documentation/backends.md, backend/{hostgw,vxlan}), manifest kube-flannel.yml.
 *
 * Omits: other backends, IPv6, DirectRouting, leases that expire.
 */
import { Informer } from '../../api/client/informer.ts'
import { isStatusError } from '../../api/meta/status.ts'
import type { Node } from '../../api/types/index.ts'
import { isErrno, strerror } from '../../base/errno.ts'
import type { Process } from '../../linux/process.ts'
import type { Program } from '../../linux/program.ts'
import { sleepWait, type Wait } from '../../linux/wait.ts'
import { formatIp, formatPrefix, networkOf, parsePrefix } from '../../net/addr/ip.ts'
import { formatMac, type Mac, parseMac } from '../../net/addr/mac.ts'
import type { NetDevice } from '../../net/device/net-device.ts'
import { FLANNEL_PLUGIN } from '../../node/cni/index.ts'
import { alpineBase, installProgram } from '../base-image.ts'
import { clusterHandle } from '../cluster-handle.ts'
import type { Image } from '../image.ts'
import { Klog } from '../klog.ts'
import { applyFlannelRules } from './flannel-rules.ts'
import { ANNOTATION, type NodeSubnet, deviceWith, firstHost, nodeSubnet, waitForSubnet } from './node-subnets.ts'

const CONFIG = '/etc/kube-flannel/net-conf.json'
const SUBNET_ENV = '/run/flannel/subnet.env'
const VXLAN_PORT = 8472
const VXLAN_OVERHEAD = 50
/** routeCheckRetries of pkg/backend/route_network.go. */
const ROUTE_CHECK_US = 10_000_000

export const flannelImage: Image = {
  sizeBytes: 31_457_280,
  build: () => ({
    entrypoint: ['/opt/bin/flanneld'],
    install(fs) {
      alpineBase(fs, ['iptables', 'iproute2'])
      installProgram(fs, '/opt/bin/flanneld', flanneld)
    },
  }),
}

/** Its file /flannel is what the init container copies to /opt/cni/bin. */
export const flannelCniImage: Image = {
  sizeBytes: 4_194_304,
  build: () => ({
    entrypoint: [],
    install(fs) {
      alpineBase(fs)
      fs.install('/flannel', FLANNEL_PLUGIN)
    },
  }),
}

interface NetConf {
  Network: string
  Backend?: { Type?: string; VNI?: number; Port?: number }
}

const flanneld: Program = function* (proc, argv) {
  const klog = new Klog(proc)
  const log = (text: string): void => klog.info('main.go:211', text)
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    proc.onSignal(signal, () => {
      log('shutdownHandler sent cancel signal...')
      proc.exit(0)
    })
  const conf = readConf(proc)
  if (typeof conf === 'string') {
    klog.error('main.go:337', `Failed to create SubnetManager: ${conf}`)
    return 1
  }
  const handle = clusterHandle(proc)
  const client = handle.client('flanneld')
  const self = yield* waitForSubnet(
    proc,
    client,
    handle.nodeName,
    `Error registering network: failed to acquire lease: node "${handle.nodeName}" pod cidr not assigned`,
  )
  const uplink = deviceWith(proc.netns, self.address)
  if (!uplink) {
    klog.error('main.go:208', `Failed to find any valid interface to use: no interface has ${formatIp(self.address)}`)
    return 1
  }
  const type = conf.Backend?.Type ?? 'udp'
  log(`Using interface with name ${uplink.name} and address ${formatIp(self.address)}`)
  log(`Found network config - Backend type: ${type}`)
  if (type !== 'host-gw' && type !== 'vxlan') {
    klog.error('main.go:337', `Error fetching backend: unknown backend type: ${type}`)
    return 1
  }
  const backend = type === 'vxlan' ? vxlanBackend(proc, self, uplink, conf) : hostGwBackend(proc, uplink)
  if (typeof backend === 'string') {
    klog.error('main.go:337', `Error registering network: ${backend}`)
    return 1
  }
  announce(proc, self, type, backend.data)
  if (argv.includes('--ip-masq') || argv.includes('-ip-masq')) {
    const failed = applyFlannelRules(proc.netns, conf.Network, formatPrefix(self.subnet), {
      object: `DaemonSet/${handle.namespace}/kube-flannel-ds`,
      by: 'flanneld',
    })
    if (failed !== null) klog.error('iptables.go:320', `Failed to bootstrap IPTables: ${failed}`)
  }
  proc.fs.mkdir('/run/flannel', { parents: true })
  proc.fs.write(
    SUBNET_ENV,
    [
      `FLANNEL_NETWORK=${conf.Network}`,
      `FLANNEL_SUBNET=${formatIp(firstHost(self.subnet))}/${self.subnet.length}`,
      `FLANNEL_MTU=${backend.mtu}`,
      `FLANNEL_IPMASQ=${argv.includes('--ip-masq')}`,
      '',
    ].join('\n'),
  )
  log(`Wrote subnet file to ${SUBNET_ENV}`)
  log('Running backend.')
  yield* follow(proc, client, handle.nodeName, backend)
  return 0
}

interface Backend {
  mtu: number
  /** What others must know of this node. */
  data: string
  add(subnet: NodeSubnet, node: Node): void
  remove(subnet: NodeSubnet, node: Node): void
  /** Puts back what somebody else has deleted; not every backend does. */
  check?(): void
}

function* follow(
  proc: Process,
  client: ReturnType<ReturnType<typeof clusterHandle>['client']>,
  own: string,
  backend: Backend,
): Generator<Wait, void, unknown> {
  const informer = new Informer<Node>(client, 'nodes')
  proc.atExit(() => informer.stop())
  const known = new Map<string, string>()
  informer.onEvent((node, old) => {
    const name = (node ?? old)?.metadata.name ?? ''
    if (name === own) return
    const before = old && known.has(name) ? nodeSubnet(old) : null
    const after = node?.metadata.annotations?.[`${ANNOTATION}/kube-subnet-manager`] === 'true' ? nodeSubnet(node) : null
    const text =
      after && node
        ? `${formatIp(after.address)} ${formatPrefix(after.subnet)} ${node.metadata.annotations?.[`${ANNOTATION}/backend-data`]}`
        : ''
    if ((known.get(name) ?? '') === text) return
    if (before && old) backend.remove(before, old)
    known.delete(name)
    if (after && node) {
      backend.add(after, node)
      known.set(name, text)
    }
  })
  informer.start()
  for (;;) {
    yield sleepWait(proc.world.clock, ROUTE_CHECK_US)
    backend.check?.()
  }
}

function hostGwBackend(proc: Process, uplink: NetDevice): Backend {
  const { fib } = proc.netns
  const klog = new Klog(proc)
  const wanted = new Map<string, NodeSubnet>()
  return {
    mtu: uplink.mtu,
    data: 'null',
    add(subnet) {
      wanted.set(formatPrefix(subnet.subnet), subnet)
      const error = fib.add({ prefix: subnet.subnet, via: subnet.address, dev: uplink })
      if (error && error !== 'EEXIST')
        klog.error('route_network.go:167', `Error adding route to ${formatPrefix(subnet.subnet)}: ${strerror(error).toLowerCase()}`)
    },
    remove(subnet) {
      wanted.delete(formatPrefix(subnet.subnet))
      fib.del({ prefix: subnet.subnet, via: subnet.address, dev: uplink })
    },
    check() {
      for (const [prefix, subnet] of wanted) {
        if (fib.list().some((route) => formatPrefix(route.prefix) === prefix)) continue
        const error = fib.add({ prefix: subnet.subnet, via: subnet.address, dev: uplink })
        if (error) klog.error('route_network.go:253', `Error recovering route to ${prefix}: ${strerror(error).toLowerCase()}`)
        else klog.info('route_network.go:256', `Route recovered ${prefix} : ${formatIp(subnet.address)}`)
      }
    },
  }
}

/** flannel.<VNI>; a text is why it cannot be made. */
function vxlanBackend(proc: Process, self: NodeSubnet, uplink: NetDevice, conf: NetConf): Backend | string {
  const ns = proc.netns
  const klog = new Klog(proc)
  const vni = conf.Backend?.VNI ?? 1
  const port = conf.Backend?.Port ?? VXLAN_PORT
  const name = `flannel.${vni}`
  const old = ns.link(name)
  const made =
    old ??
    ns.addLink({
      name,
      kind: 'vxlan',
      mac: randomMac(proc),
      mtu: uplink.mtu - VXLAN_OVERHEAD,
      up: true,
      vxlan: { vni, local: self.address, port, learning: false, dev: uplink.name },
    })
  if (isErrno(made)) return `failed to create vxlan device ${name}: ${strerror(made).toLowerCase()}`
  const device = made
  if (!device.addresses.some((a) => a.ip === self.subnet.addr)) ns.addAddress(device, self.subnet.addr, 32)
  const remoteMac = (node: Node): Mac | null => {
    const text = /"VtepMAC":"([0-9a-f:]+)"/.exec(node.metadata.annotations?.[`${ANNOTATION}/backend-data`] ?? '')?.[1]
    return text ? parseMac(text) : null
  }
  return {
    mtu: device.mtu,
    data: JSON.stringify({ VNI: vni, VtepMAC: formatMac(device.mac) }),
    add(subnet, node) {
      const mac = remoteMac(node)
      if (mac === null) return
      ns.neigh.set(subnet.subnet.addr, device, mac, 'PERMANENT')
      device.vxlan?.addFdb(mac, subnet.address)
      const error = ns.fib.add({ prefix: subnet.subnet, via: subnet.subnet.addr, dev: device, onlink: true })
      if (error && error !== 'EEXIST')
        klog.error('vxlan_network.go:153', `failed to add vxlanRoute (${formatPrefix(subnet.subnet)}): ${strerror(error).toLowerCase()}`)
    },
    remove(subnet, node) {
      const mac = remoteMac(node)
      ns.fib.del({ prefix: subnet.subnet, dev: device })
      ns.neigh.del(subnet.subnet.addr, device)
      if (mac !== null) device.vxlan?.delFdb(mac, subnet.address)
    },
  }
}

/** Locally administered, unicast (IEEE 802 section 8.4). */
function randomMac(proc: Process): Mac {
  const draw = proc.world.random.stream(`flannel/${proc.machine.name}`)
  return ((draw.below(0x40) * 4 + 2) & 0xff) * 0x1_00_0000_0000 + draw.u32() * 0x100 + draw.below(0x100)
}

/** Leaves on the Node what the other daemons need, and says that the network is there. */
function announce(proc: Process, self: NodeSubnet, type: string, data: string): void {
  const klog = new Klog(proc)
  const handle = clusterHandle(proc)
  const client = handle.client('flanneld')
  const now = proc.world.nowIso()
  try {
    client.patch('nodes', '', self.name, {
      type: 'merge',
      body: {
        metadata: {
          annotations: {
            [`${ANNOTATION}/backend-data`]: data,
            [`${ANNOTATION}/backend-type`]: type,
            [`${ANNOTATION}/kube-subnet-manager`]: 'true',
            [`${ANNOTATION}/public-ip`]: formatIp(self.address),
          },
        },
      },
    })
    client.patch('nodes', '', self.name, {
      type: 'strategic',
      subresource: 'status',
      body: {
        status: {
          conditions: [
            {
              type: 'NetworkUnavailable',
              status: 'False',
              reason: 'FlannelIsUp',
              message: 'Flannel is running on this node',
              lastHeartbeatTime: now,
              lastTransitionTime: now,
            },
          ],
        },
      },
    })
  } catch (error) {
    if (!isStatusError(error)) throw error
    klog.error('kube.go:521', `failed to annotate node ${self.name}: ${error.message}`)
  }
}

function readConf(proc: Process): NetConf | string {
  if (!proc.fs.exists(CONFIG)) return `failed to read net conf: open ${CONFIG}: no such file or directory`
  try {
    const value = JSON.parse(proc.fs.read(CONFIG)) as NetConf
    const network = parsePrefix(value.Network ?? '')
    if (!network) return `error parsing subnet config: invalid CIDR address: ${value.Network}`
    return { ...value, Network: formatPrefix(networkOf(network.addr, network.length)) }
  } catch {
    return 'error parsing subnet config: invalid character in JSON'
  }
}
