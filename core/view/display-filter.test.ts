import { expect, test } from 'vitest'
import { parseDisplayFilter } from './display-filter.ts'
import { sampleConversation, sampleLostPing, sampleWorld } from './sample-trace.ts'
import { WorldView } from './world-view.ts'

const recorder = sampleWorld()
sampleConversation(recorder)
sampleLostPing(recorder)
const view = new WorldView()
view.apply(recorder.drain())
const world = { names: view.names, originOf: (netns: number, table: string, chain: string) => view.kernel.originOf(netns, table, chain) }

function passing(text: string): number[] {
  const filter = parseDisplayFilter(text)
  if (filter.match === null) throw new Error(`${text}: ${JSON.stringify(filter.error)}`)
  return view.packets.list.filter((record) => filter.match(record, world)).map((record) => record.no)
}

test.each([
  ['', [1, 2, 3, 4, 5, 6]],
  ['icmp', [6]],
  ['!icmp', [1, 2, 3, 4, 5]],
  ['not tcp', [6]],
  // Before and after translation alike.
  ['tcp.port == 31002', [1, 2, 3, 4, 5]],
  ['tcp.port == 8080 && tcp.flags.syn == 1', [1, 2]],
  ['tcp.flags.syn == 1 and tcp.flags.ack == 0', [1]],
  ['tcp.flags.syn == true', [1, 2]],
  ['ip.src == 172.18.0.3', [1, 2, 3, 4, 5]],
  ['ip.addr == 10.96.0.0/16', [6]],
  ['ip.addr != 10.244.2.4', [6]],
  ['http', [4, 5]],
  ['http.request.method == "GET"', [4]],
  ['http.response.code >= 200', [5]],
  ['http.host contains 31002', [4]],
  ['tcp.port in {80 8080}', [1, 2, 3, 4, 5]],
  ['(icmp || http) && ip.src == 172.18.0.100', [4, 6]],
  ['icmp || http && ip.dst == 10.96.41.7', [6]],
  ['drop == IP_INNOROUTES', [6]],
  ['nat == snat', [1, 3, 4]],
  ['rule == KUBE-NODEPORTS', [1]],
  ['object == Service/default/tomcat-service', [1]],
  ['pod == default/frontend-6d4cf-mn5vd', [1, 2, 3, 4, 5]],
  ['frame.interface_name == "worker-2:veth4c55f190"', [1, 2, 3, 4, 5]],
  ['ip.ttl < 63', [1, 2, 3, 4, 5]],
  ['arp', []],
])('%s', (text, expected) => {
  expect(passing(text)).toEqual(expected)
})

test.each([
  ['tcp.prt == 80', 'field', 'tcp.prt', 0],
  ['tcp.port = 80', 'token', '=', 9],
  ['tcp.port ==', 'value', '', 11],
  ['tcp.port == && icmp', 'value', '&&', 12],
  ['(tcp', 'close', '', 4],
  ['tcp udp', 'operator', 'udp', 4],
  ['tcp) ', 'end', ')', 3],
  ['tcp.port in {80', 'close', '', 15],
  ['icmp ||', 'field', '', 7],
])('%s is refused with its place', (text, expected, found, start) => {
  const { error } = parseDisplayFilter(text)
  expect({ expected: error?.expected, text: error?.text, start: error?.start }).toEqual({ expected, text: found, start })
})

test('nesting without end is refused, not followed', () => {
  expect(parseDisplayFilter(`${'('.repeat(5000)}tcp`).error).not.toBeNull()
})
