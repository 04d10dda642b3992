/** k8s.io/api/discovery/v1 and networking/v1. */
import type { IntOrString, KubeObject, LabelSelector, ObjectReference } from './meta.ts'
import type { LoadBalancerIngress } from './core.ts'

export interface EndpointSlice extends KubeObject {
  addressType: 'IPv4' | 'IPv6' | 'FQDN'
  endpoints: Endpoint[] | null
  ports: EndpointPort[] | null
}

export interface Endpoint {
  addresses: string[]
  conditions?: { ready?: boolean; serving?: boolean; terminating?: boolean }
  hostname?: string
  targetRef?: ObjectReference
  nodeName?: string
  zone?: string
  hints?: { forZones?: { name: string }[]; forNodes?: { name: string }[] }
  deprecatedTopology?: Record<string, string>
}

export interface EndpointPort {
  name?: string
  protocol?: 'TCP' | 'UDP' | 'SCTP'
  port?: number
  appProtocol?: string
}

export interface Ingress extends KubeObject {
  spec: {
    ingressClassName?: string
    defaultBackend?: IngressBackend
    tls?: { hosts?: string[]; secretName?: string }[]
    rules?: IngressRule[]
  }
  status: { loadBalancer?: { ingress?: LoadBalancerIngress[] } }
}

export interface IngressRule {
  host?: string
  http?: { paths: { path?: string; pathType: 'Exact' | 'Prefix' | 'ImplementationSpecific'; backend: IngressBackend }[] }
}

export interface IngressBackend {
  service?: { name: string; port?: { name?: string; number?: number } }
  resource?: { apiGroup?: string; kind: string; name: string }
}

export interface IngressClass extends KubeObject {
  spec: { controller?: string; parameters?: unknown }
}

export interface NetworkPolicy extends KubeObject {
  spec: {
    podSelector?: LabelSelector
    policyTypes?: ('Ingress' | 'Egress')[]
    ingress?: { from?: NetworkPolicyPeer[]; ports?: NetworkPolicyPort[] }[]
    egress?: { to?: NetworkPolicyPeer[]; ports?: NetworkPolicyPort[] }[]
  }
}

export interface NetworkPolicyPeer {
  podSelector?: LabelSelector
  namespaceSelector?: LabelSelector
  ipBlock?: { cidr: string; except?: string[] }
}

export interface NetworkPolicyPort {
  protocol?: 'TCP' | 'UDP' | 'SCTP'
  port?: IntOrString
  endPort?: number
}
