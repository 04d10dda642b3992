/** What the daemons of a pod network read of Node objects: pod network, address, and notes that the daemons leave for each other. */
import type { ApiClient } from '../../api/client/api-client.ts'
import { isStatusError } from '../../api/meta/status.ts'
import type { Node } from '../../api/types/index.ts'
import type { Process } from '../../linux/process.ts'
import type { Wait } from '../../linux/wait.ts'
import { type IpAddr, type Prefix, networkOf, parseIp, parsePrefix } from '../../net/addr/ip.ts'
import type { NetDevice } from '../../net/device/net-device.ts'
import type { NetNamespace } from '../../net/net-namespace.ts'
import { Klog } from '../klog.ts'

export const ANNOTATION = 'flannel.alpha.coreos.com'

/** Between two looks for a Node object that is not complete yet. */
const NODE_RETRY_US = 1_000_000

export interface NodeSubnet {
  name: string
  address: IpAddr
  subnet: Prefix
}

/** This node's own share, as soon as the API server knows it: the daemons cannot begin without. */
export function* waitForSubnet(proc: Process, client: ApiClient, name: string, complain: string): Generator<Wait, NodeSubnet, unknown> {
  for (;;) {
    let node: Node | undefined
    try {
      node = client.find<Node>('nodes', '', name)
    } catch (error) {
      if (!isStatusError(error)) throw error
    }
    const self = node ? nodeSubnet(node) : null
    if (self) return self
    new Klog(proc).error('main.go:337', complain)
    yield* proc.sleepUs(NODE_RETRY_US)
  }
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
