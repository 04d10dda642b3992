/** Every form of a flow, and the whole of what is said of it. */
import { expect, test } from 'vitest'
import { parseFlows } from '../../core/session/flow-file.ts'
import { Probe } from '../../core/session/probe.ts'
import { flowsOf, flowWorld, readable } from '../support/flow-world.ts'

const world = flowWorld('host-gw')
const probe = new Probe(world)
const FROM = 'pod/default/near'

/** One flow's report as a file of results has it, rules counted, ports of chance hidden. */
function report(flow: object): unknown {
  const [[{ report: result }]] = probe.sendAll(flowsOf([{ id: 'f', ...flow }]))
  const text = readable(world, JSON.stringify({ ...result, rules: result.rules.length }))
  return JSON.parse(text.replace(/:\d{5}(->|\\n)/g, ':*$1'))
}

test('a URL with headers: the answer, and the connection that brought it', () => {
  expect(
    report({ from: 'host/client', url: 'http://172.18.0.4:31000/path?x=1', headers: { Host: 'foo.example.com', 'X-A': 'b' } }),
  ).toEqual({
    id: 'f',
    verdict: 'delivered',
    server: 'pod/default/web',
    seenSource: '172.18.0.4',
    seenDestination: '10.244.1.77:80',
    http: {
      status: 200,
      headers: expect.objectContaining({ 'Content-Type': 'text/plain; charset=utf-8', Connection: 'keep-alive' }),
      body: expect.stringMatching(/^Hostname: web\n(.*\n)*GET \/path\?x=1 HTTP\/1.1\nHost: foo.example.com\nX-A: b\n\n$/),
    },
    nat: [
      { at: 'worker-2', hook: 'PREROUTING', from: '172.18.0.100:*->172.18.0.4:31000', to: '172.18.0.100:*->10.244.1.77:80' },
      {
        at: 'worker-2',
        hook: 'POSTROUTING',
        from: '172.18.0.100:*->10.244.1.77:80',
        to: expect.stringMatching(/^172\.18\.0\.4:.*->10\.244\.1\.77:80$/),
      },
    ],
    path: ['client:eth0', 'worker-2:eth0', 'worker-1:eth0', 'worker-1:cni0', 'worker-1:veth-web', 'pod/default/web:eth0'],
    rules: 25,
    drop: null,
  })
})

test('a question to the sender’s own resolver', () => {
  expect(report({ from: FROM, query: { name: 'web', type: 'A' } })).toMatchObject({
    verdict: 'delivered',
    seenDestination: expect.stringMatching(/^10\.244\.[12]\.\d+:53$/),
    rcode: 'NOERROR',
    drop: null,
    answer: [{ name: 'web.default.svc.cluster.local', type: 'A', ttl: 30, data: '10.96.77.7' }],
  })
  expect(report({ from: FROM, query: { name: 'nobody', type: 'A' } })).toMatchObject({
    verdict: 'delivered',
    rcode: 'NXDOMAIN',
    answer: [],
  })
})

test('a connection that times out still shows where it was sent, and where it ended', () => {
  expect(report({ from: FROM, to: 'service/default/ghost', protocol: 'TCP', port: 80 })).toMatchObject({
    verdict: 'timeout',
    server: '',
    seenSource: '',
    seenDestination: '',
    http: null,
    nat: [{ at: 'worker-1', hook: 'PREROUTING', to: '10.244.1.88:*->10.244.2.250:80' }],
    path: [`${FROM}:eth0`, 'worker-1:veth-near', 'worker-1:cni0', 'worker-1:eth0', 'worker-2:eth0'],
    drop: { at: 'worker-2', reason: 'NEIGH_FAILED', rule: '10.244.2.250' },
  })
})

test('a neighbour that nobody is ends a patient sender’s try', () => {
  expect(report({ from: FROM, to: '10.244.1.250', port: 80, timeoutMs: 5000 })).toMatchObject({
    verdict: 'unreachable',
    drop: { reason: 'NEIGH_FAILED' },
  })
  expect(report({ from: FROM, to: '10.244.1.251', port: 9, protocol: 'UDP', timeoutMs: 5000 })).toMatchObject({ verdict: 'unreachable' })
})

test('many connections, refused: never limited by how many errors a kernel sends', () => {
  const [attempts] = probe.sendAll(flowsOf([{ id: 'f', from: FROM, to: 'service/default/empty', port: 80, count: 12 }]))
  expect(attempts.map(({ report: { verdict } }) => verdict)).toEqual(Array.from({ length: 12 }, () => 'refused'))
})

test('a source port of one’s own', () => {
  const flow = { from: FROM, to: 'service/default/web', port: 80, sourcePort: 1234 }
  expect(report(flow)).toMatchObject({ verdict: 'delivered', nat: [{ from: '10.244.1.88:1234->10.96.77.7:80' }] })
})

test('a place that is not there is an error before anything is sent', () => {
  const error = (flow: object): string => {
    try {
      probe.check(flowsOf([{ id: 'f', port: 80, ...flow }]))
      return ''
    } catch (caught) {
      return (caught as Error).message
    }
  }
  expect([
    error({ from: 'pod/default/nobody', to: '10.0.0.1' }),
    error({ from: 'worker-1', to: '10.0.0.1' }),
    error({ from: FROM, to: 'service/default/nothing' }),
    error({ from: FROM, to: 'host/nowhere' }),
    error({ from: FROM, to: 'what is this' }),
    error({ from: FROM, to: 'any.name' }),
  ]).toEqual([
    'flow f: there is no running pod/default/nobody; flows start at pod/NAMESPACE/NAME, node/NAME or host/NAME',
    'flow f: there is no running worker-1; flows start at pod/NAMESPACE/NAME, node/NAME or host/NAME',
    'flow f: service/default/nothing: services "nothing" not found',
    'flow f: there is no host nowhere with an address',
    'flow f: "what is this" is neither an address, a DNS name, nor pod/NAMESPACE/NAME, node/NAME, host/NAME or service/NAMESPACE/NAME',
    '',
  ])
})

test('a file of flows is read strictly', () => {
  const error = (flow: object): unknown => parseFlows(JSON.stringify({ flows: [flow] }))
  expect([
    error({ to: 'x', port: 1 }),
    error({ from: FROM, port: 1 }),
    error({ from: FROM, to: 'x', url: 'http://x/' }),
    error({ from: FROM, to: 'x' }),
    error({ from: FROM, to: 'x', port: 70000 }),
    error({ from: FROM, to: 'x', port: 1, protocol: 'tcp' }),
    error({ from: FROM, url: 'https://x/' }),
    error({ from: FROM, query: { name: 'x', type: 'NONE' } }),
    error({ from: FROM, to: 'x', port: 1, count: 0 }),
    error({ from: FROM, to: 'x', prot: 1 }),
  ]).toEqual([
    'flow 1: "from" is missing',
    'flow 1: has exactly one of "to", "url" and "query"',
    'flow 1: has exactly one of "to", "url" and "query"',
    'flow 1: "port" is missing',
    'flow 1: "port" is a whole number from 1 to 65535',
    'flow 1: "protocol" is one of TCP, UDP, SCTP, ICMP',
    'flow 1: "url" is an http:// address',
    'flow 1: "query": there is no record type "NONE"',
    'flow 1: "count" is a whole number from 1 to 100000',
    'flow 1: unknown key "prot"; known: id, from, to, protocol, port, sourcePort, url, headers, query, timeoutMs, count',
  ])
})
