/** Reads a file of flows: `{"flows": […]}`. A text is the error, with the flow that it is about. */
import type { FlowRequest } from '../lab/flow.ts'
import { dnsTypeNumber } from '../linux/libc/dns-message.ts'
import { parseHttpUrl } from '../linux/libc/http-client.ts'

const KEYS = ['id', 'from', 'to', 'protocol', 'port', 'sourcePort', 'url', 'headers', 'query', 'timeoutMs', 'count']
const PROTOCOLS = ['TCP', 'UDP', 'SCTP', 'ICMP'] as const
const TEXTS = ['id', 'from', 'to', 'url']
const LIMITS = { port: [1, 65535], sourcePort: [1, 65535], timeoutMs: [1, 600_000], count: [1, 100_000] } as const
const FLOWS_MAX = 100_000

export function parseFlows(text: string): FlowRequest[] | string {
  let file: unknown
  try {
    file = JSON.parse(text)
  } catch (error) {
    return `not JSON: ${(error as Error).message}`
  }
  const list = (file as { flows?: unknown } | null)?.flows
  if (!Array.isArray(list)) return 'must be {"flows": [ … ]}'
  if (list.length > FLOWS_MAX) return `has ${list.length} flows; at most ${FLOWS_MAX} are taken`
  const flows: FlowRequest[] = []
  const ids = new Set<string>()
  for (let i = 0; i < list.length; i += 1) {
    const flow = parseFlow(list[i], i)
    if (typeof flow === 'string') return `flow ${i + 1}: ${flow}`
    if (ids.has(flow.id)) return `flow ${i + 1}: the id "${flow.id}" is used twice`
    ids.add(flow.id)
    flows.push(flow)
  }
  return flows
}

function parseFlow(value: unknown, index: number): FlowRequest | string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'must be an object'
  const flow = value as Record<string, unknown>
  for (const key of Object.keys(flow)) if (!KEYS.includes(key)) return `unknown key "${key}"; known: ${KEYS.join(', ')}`
  for (const key of TEXTS) if (flow[key] !== undefined && typeof flow[key] !== 'string') return `"${key}" is a text`
  if (typeof flow['from'] !== 'string') return '"from" is missing'
  const protocol = PROTOCOLS.find((name) => name === (flow['protocol'] ?? 'TCP'))
  if (!protocol) return `"protocol" is one of ${PROTOCOLS.join(', ')}`
  const query = flow['query'] as { name?: unknown; type?: unknown } | undefined
  if (query !== undefined && (typeof query?.name !== 'string' || typeof query.type !== 'string')) return '"query" is {"name", "type"}'
  if (query && dnsTypeNumber(String(query.type)) === null) return `"query": there is no record type "${query.type}"`
  const url = String(flow['url'] ?? '')
  if (flow['url'] !== undefined && (!url.startsWith('http://') || !parseHttpUrl(url))) return '"url" is an http:// address'
  const headers = flow['headers'] ?? {}
  if (typeof headers !== 'object' || Array.isArray(headers) || Object.values(headers).some((header) => typeof header !== 'string')) {
    return '"headers" is {"Name": "value"}'
  }
  const targets = [flow['to'], flow['url'], query].filter((target) => target !== undefined)
  if (targets.length !== 1) return 'has exactly one of "to", "url" and "query"'
  const numbers = { port: 0, sourcePort: 0, timeoutMs: 1000, count: 1 }
  for (const name of ['port', 'sourcePort', 'timeoutMs', 'count'] as const) {
    const given = flow[name]
    if (given === undefined) continue
    const [min, max] = LIMITS[name]
    if (!Number.isInteger(given) || (given as number) < min || (given as number) > max)
      return `"${name}" is a whole number from ${min} to ${max}`
    numbers[name] = given as number
  }
  if (flow['to'] !== undefined && protocol !== 'ICMP' && numbers.port === 0) return '"port" is missing'
  return {
    id: String(flow['id'] ?? `flow-${index + 1}`),
    from: flow['from'],
    to: String(flow['to'] ?? ''),
    protocol,
    url,
    headers: Object.entries(headers).map(([name, value]) => ({ name, value })),
    query: query ? { name: String(query.name), type: String(query.type) } : null,
    ...numbers,
  }
}
