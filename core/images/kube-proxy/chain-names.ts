/** Names of kube-proxy's chains (pkg/proxy/iptables/proxier.go: portProtoHash and the …ChainName functions). */
import { base32, sha256 } from './sha256.ts'

/** A chain's name has 28 characters at most: sixteen are left for the hash. */
const HASH_LENGTH = 16

export const SERVICE_PREFIXES = ['KUBE-SVC-', 'KUBE-SVL-', 'KUBE-SEP-', 'KUBE-FW-', 'KUBE-EXT-'] as const

function hash(text: string): string {
  return base32(sha256(text)).slice(0, HASH_LENGTH)
}

export interface PortChains {
  /** All endpoints, for policy Cluster. */
  readonly cluster: string
  /** Endpoints on this node, for policy Local. */
  readonly local: string
  readonly firewall: string
  readonly external: string
}

/** `name` is `namespace/service:port`, `protocol` in lower case. */
export function portChains(name: string, protocol: string): PortChains {
  const key = hash(name + protocol)
  return { cluster: `KUBE-SVC-${key}`, local: `KUBE-SVL-${key}`, firewall: `KUBE-FW-${key}`, external: `KUBE-EXT-${key}` }
}

export function endpointChain(name: string, protocol: string, endpoint: string): string {
  return `KUBE-SEP-${hash(name + protocol + endpoint)}`
}

/** Chains that exist for a service and may be deleted with it. */
export function isServiceChain(chain: string): boolean {
  return SERVICE_PREFIXES.some((prefix) => chain.startsWith(prefix))
}
