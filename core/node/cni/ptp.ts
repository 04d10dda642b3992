/**
 * The `ptp` plugin: a veth pair without a bridge; the host routes each pod's address to its own end, the pod routes everything
 * to the gateway, which answers ARP because the host has that address.
 * Truth: github.com/containernetworking/plugins, plugins/main/ptp.
 *
 * Omits: ipMasq, DNS.
 */
import { isErrno } from '../../base/errno.ts'
import { formatIp, isV6, networkOf, parsePrefix } from '../../net/addr/ip.ts'
import { formatMac } from '../../net/addr/mac.ts'
import type { NetDevice } from '../../net/device/net-device.ts'
import type { NetNamespace } from '../../net/net-namespace.ts'
import { CNI_ERROR, CNI_VERSION, type CniError, type CniResult, type PluginConfig, cniError, isCniError } from './cni-types.ts'
import { delegate } from './delegate.ts'
import { type CniPlugin, type CniRequest, cniProgram } from './plugin-program.ts'
import { type PodAddress, addressesOf, macFor, syscallError, vethName } from './pod-link.ts'

interface PtpConfig extends PluginConfig {
  mtu?: number
}

const plugin: CniPlugin = {
  *add(request) {
    const ipam = request.config.ipam?.type ?? ''
    const leased = yield* delegate(request, ipam, 'ADD', request.text)
    if (isCniError(leased)) return leased
    const addresses = addressesOf(leased ?? { cniVersion: CNI_VERSION })
    const outcome = isCniError(addresses) ? addresses : connect(request, addresses, leased as CniResult)
    if (isCniError(outcome)) yield* delegate(request, ipam, 'DEL', request.text)
    return outcome
  },

  *del(request) {
    const eth = request.netns?.link(request.ifName)
    if (request.netns && eth) request.netns.delLink(eth)
    const freed = yield* delegate(request, request.config.ipam?.type ?? '', 'DEL', request.text)
    return isCniError(freed) ? freed : null
  },
}

export const ptp = cniProgram(plugin)

function connect(request: CniRequest, addresses: PodAddress[], result: CniResult): CniResult | CniError {
  const config = request.config as PtpConfig
  const host = request.proc.netns
  const pod = request.netns as NetNamespace
  const name = vethName(request.proc.world.random.stream(`veth/${request.proc.machine.name}`), host)
  const eth = pod.addLink({
    name: request.ifName, kind: 'veth', mac: macFor(addresses[0].ip), mtu: config.mtu, up: true, peer: { netns: host, name, up: true },
  })
  if (isErrno(eth)) return syscallError('failed to create veth pair', eth)
  const end = host.link(name) as NetDevice
  for (const { ip, prefix, gateway } of addresses) {
    if (gateway === null) return cniError(CNI_ERROR.invalidConfig, 'IPAM plugin returned missing gateway')
    const bits = isV6(ip) ? 128 : 32
    const network = networkOf(ip, prefix.length)
    // The kernel's connected route would send neighbours to ARP: the plugin replaces it by one through the gateway.
    const error = pod.addAddress(eth, ip, prefix.length)
      ?? (prefix.length === bits ? null : pod.fib.del({ prefix: network, dev: eth }))
      ?? pod.fib.add({ prefix: { addr: gateway, length: bits }, dev: eth, src: ip, scope: 'link' })
      ?? (prefix.length === bits ? null : pod.fib.add({ prefix: network, via: gateway, dev: eth, src: ip }))
      ?? host.addAddress(end, gateway, bits)
      ?? host.fib.add({ prefix: { addr: ip, length: bits }, dev: end, scope: 'host' })
    if (error) return syscallError(`failed to set up ${formatIp(ip)}`, error)
    host.sysctl.set(isV6(ip) ? 'net.ipv6.conf.all.forwarding' : 'net.ipv4.ip_forward', '1')
  }
  for (const route of result.routes ?? []) {
    const prefix = parsePrefix(route.dst)
    if (!prefix) return cniError(CNI_ERROR.invalidConfig, `invalid CIDR address: ${route.dst}`)
    const via = addresses.find((a) => isV6(a.ip) === isV6(prefix.addr))?.gateway
    const error = pod.fib.add({ prefix, via: via ?? undefined, dev: eth })
    if (error && error !== 'EEXIST') return syscallError(`failed to add route ${route.dst}`, error)
  }
  return {
    cniVersion: CNI_VERSION,
    interfaces: [
      { name, mac: formatMac(end.mac) },
      { name: request.ifName, mac: formatMac(eth.mac), sandbox: request.netnsPath },
    ],
    ips: (result.ips ?? []).map((ip) => ({ ...ip, interface: 1 })),
    routes: result.routes,
    dns: {},
  }
}
