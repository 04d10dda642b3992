/** Flows as INTERFACE.md's `probe` asks for them, and what came of them. */

export interface FlowRequest {
  id: string
  /** `pod/NAMESPACE/NAME`, `node/NAME` or `host/NAME`. */
  from: string
  /** The same, `service/NAMESPACE/NAME`, an address or a DNS name; '' with `url` or `query`. */
  to: string
  protocol: 'TCP' | 'UDP' | 'SCTP' | 'ICMP'
  port: number
  sourcePort: number
  url: string
  headers: { name: string; value: string }[]
  query: { name: string; type: string } | null
  timeoutMs: number
  count: number
}

export type FlowVerdict = 'delivered' | 'refused' | 'unreachable' | 'timeout' | 'unresolved'

export interface FlowResult {
  id: string
  verdict: FlowVerdict
  server: string
  seenSource: string
  seenDestination: string
  http: { status: number; headers: Record<string, string>; body: string } | null
  nat: { at: string; hook: string; from: string; to: string }[]
  path: string[]
  rules: { at: string; table: string; chain: string; rule: string }[]
  drop: { at: string; reason: string; rule: string } | null
  /** Of a DNS query. */
  rcode?: string
  answer?: { name: string; type: string; ttl: number; data: string }[]
}

/** What a lab's flow check asks for; '' and [] ask for nothing. */
export interface FlowExpectation {
  verdict: FlowVerdict | ''
  server: string
  seenSource: string
  crossed: string[]
  body: string
}
