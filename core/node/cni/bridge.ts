/**
 * The `bridge` plugin: a veth pair whose host end is a port of a bridge, the bridge's address as the pods' gateway.
 * Truth: github.com/containernetworking/plugins, plugins/main/bridge (README: configuration reference).
 *
 * Omits: vlan, vlanTrunk, promiscMode, macspoofchk, portIsolation, ipMasq (flannel and kube-proxy masquerade here), the
 * gratuitous ARP that announces a pod.
 */
import { isErrno } from '../../base/errno.ts'
import { type IpAddr, formatIp, isV6, networkOf } from '../../net/addr/ip.ts'
import { formatMac } from '../../net/addr/mac.ts'
import type { NetDevice } from '../../net/device/net-device.ts'
import type { NetNamespace } from '../../net/net-namespace.ts'
import { CNI_ERROR, CNI_VERSION, type CniError, type CniResult, type CniRoute, type PluginConfig, cniError, isCniError } from './cni-types.ts'
import { delegate } from './delegate.ts'
import { type CniPlugin, cniProgram } from './plugin-program.ts'
import { type PodAddress, addressesOf, configureInterface, macFor, syscallError, vethName } from './pod-link.ts'

interface BridgeConfig extends PluginConfig {
  bridge?: string
  isGateway?: boolean
  isDefaultGateway?: boolean
  hairpinMode?: boolean
  forceAddress?: boolean
  mtu?: number
}

const DEFAULT_ROUTES = { v4: '0.0.0.0/0', v6: '::/0' } as const

const plugin: CniPlugin = {
  *add(request) {
    const config = request.config as BridgeConfig
    const host = request.proc.netns
    const pod = request.netns as NetNamespace
    if (config.isDefaultGateway) config.isGateway = true
    if (pod.link(request.ifName)) {
      return cniError(CNI_ERROR.internal, `failed to create veth pair: container veth name ("${request.ifName}") already exists`)
    }
    const bridge = ensureBridge(host, config)
    if ('code' in bridge) return bridge
    const leased = yield* delegate(request, config.ipam?.type ?? '', 'ADD', request.text)
    if (isCniError(leased)) return leased
    const result = leased ?? { cniVersion: CNI_VERSION }
    const addresses = addressesOf(result)
    const failed = isCniError(addresses) ? addresses : connect(addresses)
    if (isCniError(failed)) {
      yield* delegate(request, config.ipam?.type ?? '', 'DEL', request.text)
      return failed
    }
    return failed

    function connect(ips: PodAddress[]): CniResult | CniError {
      const gateways = gatewaysOf(ips, config)
      const name = vethName(request.proc.world.random.stream(`veth/${request.proc.machine.name}`), host)
      const eth = pod.addLink({
        name: request.ifName, kind: 'veth', mac: macFor(ips[0].ip), mtu: config.mtu, up: true, peer: { netns: host, name, up: true },
      })
      if (isErrno(eth)) return syscallError('failed to create veth pair', eth)
      const port = host.link(name) as NetDevice
      const enslaved = host.setLink(port, { master: bridge as NetDevice, hairpin: config.hairpinMode === true })
      if (enslaved) return syscallError(`failed to connect "${name}" to bridge ${bridgeName(config)}`, enslaved)
      const routes: CniRoute[] = [...(result.routes ?? [])]
      if (config.isGateway) {
        const error = addressBridge(host, bridge as NetDevice, gateways, config)
        if (error) return error
      }
      if (config.isDefaultGateway) {
        for (const { ip, gateway } of gateways) {
          const dst = isV6(ip) ? DEFAULT_ROUTES.v6 : DEFAULT_ROUTES.v4
          if (routes.some((r) => r.dst === dst)) return cniError(CNI_ERROR.internal, 'cannot add default route, a default route already exists')
          routes.push({ dst, gw: formatIp(gateway) })
        }
      }
      const withGateways = ips.map((a, i) => ({ ...a, gateway: a.gateway ?? gateways[i]?.gateway ?? null }))
      const configured = configureInterface(pod, eth, withGateways, { ...result, routes })
      if (configured) return configured
      return {
        cniVersion: CNI_VERSION,
        interfaces: [
          { name: bridgeName(config), mac: formatMac((bridge as NetDevice).mac) },
          { name, mac: formatMac(port.mac) },
          { name: request.ifName, mac: formatMac(eth.mac), sandbox: request.netnsPath },
        ],
        ips: withGateways.map((a) => ({
          interface: 2, address: `${formatIp(a.ip)}/${a.prefix.length}`, ...(a.gateway === null ? {} : { gateway: formatIp(a.gateway) }),
        })),
        routes,
        dns: result.dns ?? {},
      }
    }
  },

  *del(request) {
    const config = request.config as BridgeConfig
    const eth = request.netns?.link(request.ifName)
    // The peer on the host goes with it, as in the kernel.
    if (request.netns && eth) request.netns.delLink(eth)
    const freed = yield* delegate(request, config.ipam?.type ?? '', 'DEL', request.text)
    return isCniError(freed) ? freed : null
  },
}

export const bridge = cniProgram(plugin)

function bridgeName(config: BridgeConfig): string {
  return config.bridge ?? 'cni0'
}

function ensureBridge(host: NetNamespace, config: BridgeConfig): NetDevice | CniError {
  const name = bridgeName(config)
  const old = host.link(name)
  if (old) return old.kind === 'bridge' ? old : cniError(CNI_ERROR.internal, `failed to create bridge "${name}": could not find ${name}: ${name} already exists but is not a bridge`)
  const made = host.addLink({ name, kind: 'bridge', mtu: config.mtu, up: true })
  return isErrno(made) ? syscallError(`failed to create bridge "${name}": could not add "${name}"`, made) : made
}

interface Gateway {
  ip: IpAddr
  gateway: IpAddr
  length: number
}

/** The bridge's address on each of the pod's networks: what IPAM says, else the first one of the network. */
function gatewaysOf(addresses: PodAddress[], config: BridgeConfig): Gateway[] {
  if (!config.isGateway) return []
  return addresses.map(({ ip, prefix, gateway }) => {
    const base = networkOf(prefix.addr, prefix.length).addr
    return { ip, length: prefix.length, gateway: gateway ?? (isV6(base) ? base + 1n : base + 1) }
  })
}

function addressBridge(host: NetNamespace, device: NetDevice, gateways: Gateway[], config: BridgeConfig): CniError | null {
  for (const { gateway, length } of gateways) {
    if (device.addresses.some((a) => a.ip === gateway && a.prefixLength === length)) continue
    const other = device.addresses.find((a) => isV6(a.ip) === isV6(gateway) && a.prefixLength === length && a.scope === 'global')
    if (other && networkOf(other.ip, length).addr !== networkOf(gateway, length).addr) {
      if (!config.forceAddress) {
        return cniError(
          CNI_ERROR.internal,
          `failed to set bridge addr: "${device.name}" already has an IP address different from ${formatIp(gateway)}/${length}`,
        )
      }
      host.delAddress(device, other.ip, other.prefixLength)
    }
    const mac = macFor(gateway)
    if (mac !== undefined) host.setLink(device, { mac })
    const error = host.addAddress(device, gateway, length)
    if (error) return syscallError(`failed to set bridge addr: could not add IP address to "${device.name}"`, error)
    host.sysctl.set(isV6(gateway) ? 'net.ipv6.conf.all.forwarding' : 'net.ipv4.ip_forward', '1')
  }
  return null
}
