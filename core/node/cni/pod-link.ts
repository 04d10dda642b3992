/**
 * What `bridge` and `ptp` have in common: the hardware address of an interface made from its IPv4 address, the name of a veth's
 * end on the host, and configuring an interface as an IPAM result says (pkg/ipam ConfigureIface).
 */
import { type IpAddr, type Prefix, formatIp, isV6, parseIp, parsePrefix } from '../../net/addr/ip.ts'
import type { Mac } from '../../net/addr/mac.ts'
import type { NetDevice } from '../../net/device/net-device.ts'
import type { NetNamespace } from '../../net/net-namespace.ts'
import { type Errno, strerror } from '../../base/errno.ts'
import type { Random } from '../../sim/random.ts'
import { CNI_ERROR, type CniError, type CniResult, cniError } from './cni-types.ts'

/** Docker's and old CNI's private prefix: the bytes of the address follow. */
const MAC_PREFIX = 0x0a58

export interface PodAddress {
  ip: IpAddr
  prefix: Prefix
  gateway: IpAddr | null
}

/** `0a:58:<four bytes>`; IPv6 addresses give none, the kernel draws one then. */
export function macFor(ip: IpAddr): Mac | undefined {
  return isV6(ip) ? undefined : MAC_PREFIX * 0x1_0000_0000 + ip
}

export function vethName(random: Random, taken: NetNamespace): string {
  for (;;) {
    const name = `veth${random.hex(8)}`
    if (!taken.link(name)) return name
  }
}

export function addressesOf(result: CniResult): PodAddress[] | CniError {
  const found: PodAddress[] = []
  for (const one of result.ips ?? []) {
    const prefix = parsePrefix(one.address)
    if (!prefix) return cniError(CNI_ERROR.invalidConfig, `invalid CIDR address: ${one.address}`)
    found.push({ ip: prefix.addr, prefix, gateway: one.gateway ? parseIp(one.gateway) : null })
  }
  return found.length > 0 ? found : cniError(CNI_ERROR.internal, 'IPAM plugin returned missing IP config')
}

/** Gives the interface its addresses and the namespace its routes. */
export function configureInterface(ns: NetNamespace, device: NetDevice, addresses: PodAddress[], result: CniResult): CniError | null {
  for (const { ip, prefix } of addresses) {
    const error = ns.addAddress(device, ip, prefix.length)
    if (error) return syscallError(`failed to add IP addr ${formatIp(ip)}/${prefix.length} to "${device.name}"`, error)
  }
  for (const route of result.routes ?? []) {
    const prefix = parsePrefix(route.dst)
    if (!prefix) return cniError(CNI_ERROR.invalidConfig, `invalid CIDR address: ${route.dst}`)
    const gateway = route.gw ? parseIp(route.gw) : addresses.find((a) => isV6(a.ip) === isV6(prefix.addr))?.gateway ?? null
    const error = ns.fib.add({ prefix, via: gateway ?? undefined, dev: device, scope: gateway === null ? 'link' : 'global' })
    if (error && error !== 'EEXIST') return syscallError(`failed to add route '${route.dst} via ${route.gw ?? ''} dev ${device.name}'`, error)
  }
  return null
}

export function syscallError(what: string, error: Errno): CniError {
  // Go's syscall errors are glibc's texts in small letters.
  return cniError(CNI_ERROR.internal, `${what}: ${strerror(error).toLowerCase()}`)
}
