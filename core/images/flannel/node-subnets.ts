/** What the daemons of a pod network read of Node objects: pod network, address, and notes that the daemons leave for each other. */
import type { Node } from '../../api/types/index.ts'
import { type IpAddr, type Prefix, networkOf, parseIp, parsePrefix } from '../../net/addr/ip.ts'
import type { NetDevice } from '../../net/device/net-device.ts'
import type { NetNamespace } from '../../net/net-namespace.ts'

export const ANNOTATION = 'flannel.alpha.coreos.com'

export interface NodeSubnet {
  name: string
  address: IpAddr
  subnet: Prefix
}

/** Null while the node has no pod network or no address. */
export function nodeSubnet(node: Node): NodeSubnet | null {
  const prefix = node.spec.podCIDR ? parsePrefix(node.spec.podCIDR) : null
  const text = node.status?.addresses?.find((a) => a.type === 'InternalIP')?.address
  const address = text ? parseIp(text) : null
  if (!prefix || address === null) return null
  return { name: node.metadata.name, address, subnet: networkOf(prefix.addr, prefix.length) }
}

/** The device that holds an address, as flanneld finds its public interface. */
export function deviceWith(ns: NetNamespace, address: IpAddr): NetDevice | undefined {
  return ns.links().find((dev) => dev.addresses.some((a) => a.ip === address))
}

export function firstHost(subnet: Prefix): IpAddr {
  return typeof subnet.addr === 'bigint' ? subnet.addr + 1n : subnet.addr + 1
}
