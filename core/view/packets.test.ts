import { expect, test } from 'vitest'
import { chainTrail, journeyOf, shortChain } from './journey.ts'
import type { PacketRecord } from './packets.ts'
import { sampleConversation, sampleLostPing, sampleWorld } from './sample-trace.ts'
import { sayHop, sayStage } from './words/reasons.ts'
import type { Language } from './words/say.ts'
import { WorldView } from './world-view.ts'

function world(): WorldView {
  const recorder = sampleWorld()
  sampleConversation(recorder)
  sampleLostPing(recorder)
  const view = new WorldView()
  view.apply(recorder.drain())
  return view
}

function row(record: PacketRecord): string {
  const { no, head, protocol, length, info, fate, translated } = record
  return `${no} ${head.src} ${head.dst} ${protocol} ${length} ${info} | ${fate}${translated ? ', translated' : ''}`
}

function story(view: WorldView, record: PacketRecord, language: Language): string {
  return journeyOf(record, view.names)
    .map((hop) => {
      const trail = chainTrail(hop)
        .map((rule) => shortChain(rule.chain))
        .join(' › ')
      return `${hop.where} ${sayStage(language, hop)}: ${sayHop(language, hop)}${trail === '' ? '' : ` [${trail}]`}`
    })
    .join('\n')
}

test('the list reads as Wireshark would show it, with small sequence numbers on both sides of NAT', () => {
  const view = world()
  expect(`\n${view.packets.list.map(row).join('\n')}\n`).toBe(`
1 172.18.0.100 172.18.0.3 TCP 74 41022 → 31002 [SYN] Seq=0 Win=64240 Len=0 MSS=1460 SACK_PERM WS=128 | delivered, translated
2 10.244.2.4 172.18.0.3 TCP 74 8080 → 51893 [SYN, ACK] Seq=0 Ack=1 Win=64240 Len=0 MSS=1460 SACK_PERM WS=128 | delivered, translated
3 172.18.0.100 172.18.0.3 TCP 66 41022 → 31002 [ACK] Seq=1 Ack=1 Win=64240 Len=0 | delivered, translated
4 172.18.0.100 172.18.0.3 HTTP 132 GET / HTTP/1.1 | delivered, translated
5 10.244.2.4 172.18.0.3 HTTP 111 HTTP/1.1 200 OK | delivered, translated
6 172.18.0.100 10.96.41.7 ICMP 98 Echo (ping) request  id=0x0003, seq=1, ttl=64 | dropped
`)
})

test('packets before and after translation are one flow; a ping is another', () => {
  const { packets } = world()
  const flows = packets.list.map((record) => packets.flowOf(record))
  expect(new Set(flows.slice(0, 5)).size).toBe(1)
  expect(flows[5]).not.toBe(flows[0])
  expect(packets.list.map((record) => record.forward)).toEqual([true, false, true, true, false, true])
})

test('a packet tells its way, why it went so, and where it changed', () => {
  const view = world()
  expect(`\n${story(view, view.packets.list[0]!, 'en')}\n`).toBe(`
client routing: 172.18.0.0/16 dev eth0, on the link
client eth0: out, TTL 64, 60 bytes
worker-1 eth0: in, TTL 64, 60 bytes
worker-1 PREROUTING: destination 172.18.0.3:31002 → 10.244.2.4:8080; this rule is taken with probability 0.33; marked 0x4000 [PREROUTING › KUBE-SERVICES › KUBE-NODEPORTS › EXT-A7KQ › SVC-A7KQ › SEP-Q3V7]
worker-1 routing: 10.244.2.0/24 via 172.18.0.4 dev eth0
worker-1 forward: forwarded from eth0 to eth0, TTL 63
worker-1 POSTROUTING: source 172.18.0.100:41022 → 172.18.0.3:51893 [KUBE-POSTROUTING]
worker-1 eth0: out, TTL 63, 60 bytes
worker-2 eth0: in, TTL 63, 60 bytes
worker-2 routing: 10.244.2.0/24 dev cni0, on the link
worker-2 FORWARD: ACCEPT in KUBE-FORWARD [KUBE-FORWARD]
worker-2 cni0: out, TTL 62, 60 bytes
worker-2 cni0: the FDB knows 0a:58:0e:02:00:07 behind veth4c55f190
worker-2 veth4c55f190: out, TTL 62, 60 bytes
frontend-6d4cf-mn5vd eth0: in, TTL 62, 60 bytes
frontend-6d4cf-mn5vd socket: delivered to java on port 8080
`)
})

test('a dead packet says where and why, in the language of the reader', () => {
  const view = world()
  const ping = view.packets.list[5]!
  expect(story(view, ping, 'en').split('\n').at(-1)).toBe('worker-1 ip_route_input: no route for a packet that came in (10.96.41.7)')
  expect(story(view, ping, 'zh').split('\n').at(-1)).toBe('worker-1 ip_route_input: 没有可用于此入站数据包的路由（10.96.41.7）')
  expect(story(view, ping, 'ru')).toBe(story(view, ping, 'en'))
})

test('in the past the list ends at that moment', () => {
  const { packets } = world()
  expect(packets.countUntil(packets.list[2]!.atUs)).toBe(3)
  expect(packets.countUntil(packets.list[2]!.atUs - 1)).toBe(2)
  expect(packets.countUntil(0)).toBe(0)
})
