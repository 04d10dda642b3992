import { expect, test } from 'vitest'
import { utf8Decode, utf8Encode } from '../../base/utf8.ts'
import { ip, ok, OWNER, TestNet } from '../../../test/support/net.ts'
import type { NetNamespace } from '../net-namespace.ts'
import type { TcpSocket } from './tcp-socket.ts'
import { tcpFlags } from './tcp-socket.ts'

function pair(latencyUs = 200, lossPerMille = 0) {
  const net = new TestNet()
  const [a, b] = [net.ns('a'), net.ns('b')]
  const [a0, b0] = net.wire(a, 'eth0', b, 'eth0', latencyUs)
  net.addr(a0, '10.0.0.1/24')
  net.addr(b0, '10.0.0.2/24')
  net.world.wires[0].lossPerMille = lossPerMille
  return { net, a, b, a0, b0 }
}

/** Segments as they leave each side: time, who, flags, relative numbers, length. */
function segments(net: TestNet): string {
  const starts = new Map<string, number>()
  const lines: string[] = []
  for (const { atUs, event } of net.events) {
    if (event.kind !== 'packet.new' || event.protocol !== 6) continue
    const from = `${event.src}:${event.sport}`
    const to = `${event.dst}:${event.dport}`
    if (!starts.has(from)) starts.set(from, event.seq)
    const seq = (event.seq - (starts.get(from) as number)) >>> 0
    const ack = event.ack === 0 ? '' : ` ack ${(event.ack - (starts.get(to) ?? 0)) >>> 0}`
    lines.push(`${atUs} ${event.src} [${tcpFlags(event.flags)}] seq ${seq}${ack} win ${event.window} len ${event.payload.length}`)
  }
  return lines.join('\n')
}

/** Serves one connection: reads everything, says `answer`, closes. */
function serve(ns: NetNamespace, net: TestNet, port: number, answer: string): { text: () => string } {
  const listener = ok(ns.sockets.tcpListen({ address: null, port, owner: { pid: 80, process: 'server' } }))
  let heard = ''
  const attend = (socket: TcpSocket) => {
    const read = () => {
      const bytes = socket.recv()
      if (bytes instanceof Uint8Array) {
        heard += utf8Decode(bytes)
        net.clock.after(0, read)
      } else if (bytes === 'eof') {
        if (answer !== '') socket.send(utf8Encode(answer))
        socket.close()
      }
    }
    socket.onChange = () => net.clock.after(0, read)
    net.clock.after(0, read)
  }
  listener.onChange = () =>
    net.clock.after(0, () => {
      for (let socket = listener.accept(); socket; socket = listener.accept()) attend(socket)
    })
  return { text: () => heard }
}

test('a conversation from SYN to TIME_WAIT', () => {
  const { net, a, b } = pair()
  const server = serve(b, net, 80, 'hello')
  const socket = ok(a.sockets.tcpConnect({ dst: ip('10.0.0.2'), dport: 80, owner: OWNER }))
  expect(socket.state).toBe('SYN_SENT')
  expect(socket.send(utf8Encode('x'))).toBe('EAGAIN')
  net.settle()
  expect(socket.state).toBe('ESTABLISHED')
  expect(socket.send(utf8Encode('GET /'))).toBe(5)
  socket.shutdown()
  net.settle()
  expect(server.text()).toBe('GET /')
  expect(utf8Decode(socket.recv() as Uint8Array)).toBe('hello')
  expect(socket.recv()).toBe('eof')
  expect(segments(net)).toMatchInlineSnapshot(`
    "0 10.0.0.1 [S] seq 0 win 64240 len 0
    609 10.0.0.2 [S.] seq 0 ack 1 win 65160 len 0
    812 10.0.0.1 [.] seq 1 ack 1 win 64 len 0
    1015 10.0.0.1 [P.] seq 1 ack 1 win 64 len 5
    1015 10.0.0.1 [F.] seq 6 ack 1 win 64 len 0
    1218 10.0.0.2 [.] seq 1 ack 6 win 63 len 0
    1218 10.0.0.2 [.] seq 1 ack 7 win 63 len 0
    1218 10.0.0.2 [P.] seq 1 ack 7 win 64 len 5
    1218 10.0.0.2 [F.] seq 6 ack 7 win 64 len 0
    1421 10.0.0.1 [.] seq 7 ack 6 win 63 len 0
    1421 10.0.0.1 [.] seq 7 ack 7 win 63 len 0"
  `)
  expect([socket.state, a.sockets.list().map((info) => info.state), b.sockets.list().map((info) => info.state)]).toEqual([
    'TIME_WAIT',
    ['TIME-WAIT'],
    ['LISTEN'],
  ])
  net.run(61_000_000)
  expect(a.sockets.list()).toEqual([])
})

test('300 000 bytes get through a wire that loses one frame in twenty', () => {
  const { net, a, b } = pair(1000, 50)
  const server = serve(b, net, 80, 'done')
  const text = Array.from({ length: 30_000 }, (_, i) => String(i).padStart(10, '.')).join('')
  const socket = ok(a.sockets.tcpConnect({ dst: ip('10.0.0.2'), dport: 80, owner: OWNER }))
  let sent = 0
  const write = () => {
    const taken = socket.send(utf8Encode(text.slice(sent)))
    if (typeof taken === 'number') sent += taken
    if (sent === text.length) socket.shutdown()
  }
  socket.onChange = () => net.clock.after(0, write)
  net.run(120_000_000)
  expect(server.text() === text).toBe(true)
  expect(utf8Decode(socket.recv() as Uint8Array)).toBe('done')
  expect(net.events.some(({ event }) => event.kind === 'packet.drop' && event.reason === 'WIRE_LOSS')).toBe(true)
})

test('a slow reader stops the sender with its window, and starts it again', () => {
  const { net, a, b } = pair()
  const listener = ok(b.sockets.tcpListen({ address: null, port: 80, owner: OWNER }))
  const socket = ok(a.sockets.tcpConnect({ dst: ip('10.0.0.2'), dport: 80, owner: OWNER }))
  net.settle()
  const server = listener.accept() as TcpSocket
  expect(socket.send(new Uint8Array(200_000))).toBe(200_000)
  net.settle()
  expect(b.sockets.list().find((info) => info.state === 'ESTAB')?.recvQ).toBe(65160)
  let read = 0
  for (let i = 0; i < 100 && read < 200_000; i += 1) {
    const bytes = server.recv(10_000)
    if (bytes instanceof Uint8Array) read += bytes.length
    else net.run(500_000)
  }
  expect(read).toBe(200_000)
})

test('nobody listens: refused at once', () => {
  const { net, a } = pair()
  const socket = ok(a.sockets.tcpConnect({ dst: ip('10.0.0.2'), dport: 81, owner: OWNER }))
  net.settle()
  expect([socket.error, socket.recv(), socket.state]).toEqual(['ECONNREFUSED', 'ECONNREFUSED', 'CLOSED'])
})

test('nobody answers: five SYNs a second apart (tcp_syn_linear_timeouts), then after 7, 11, 19 … seconds, then ETIMEDOUT', () => {
  const { net, a, b } = pair()
  b.netfilter.iptables('ipv4').restore('*filter\n:INPUT DROP [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n')
  const socket = ok(a.sockets.tcpConnect({ dst: ip('10.0.0.2'), dport: 80, owner: OWNER }))
  net.run(200_000_000)
  const syns = net.events.filter(({ event }) => event.kind === 'packet.new' && event.protocol === 6)
  expect(syns.map(({ atUs }) => atUs / 1_000_000)).toEqual([0, 1, 2, 3, 4, 5, 7, 11, 19, 35, 67])
  expect(socket.error).toBe('ETIMEDOUT')
})

test('the neighbour does not answer: EHOSTUNREACH after three seconds', () => {
  const { net, a } = pair()
  const socket = ok(a.sockets.tcpConnect({ dst: ip('10.0.0.9'), dport: 80, owner: OWNER }))
  net.run(2_999_999)
  expect(socket.state).toBe('SYN_SENT')
  net.run(10)
  expect(socket.error).toBe('EHOSTUNREACH')
  expect(net.packets((event) => event.kind === 'packet.new' || event.kind === 'packet.drop')).toMatchInlineSnapshot(`
    "       0 #1 new a TCP 10.0.0.1 > 10.0.0.9
           0 #2 new a ARP who-has 10.0.0.1 > 10.0.0.9 because of #1
     1000000 #3 new a ARP who-has 10.0.0.1 > 10.0.0.9 because of #1
     2000000 #4 new a ARP who-has 10.0.0.1 > 10.0.0.9 because of #1
     3000000 #1 drop a neigh NEIGH_FAILED 10.0.0.9
     3000000 #5 new a ICMP 10.0.0.1 > 10.0.0.1 because of #1"
  `)
})

test('a SYN that waits for a neighbour is sent again when it waits elsewhere, not when it waits here', () => {
  const net = new TestNet()
  const [a, r] = [net.ns('a'), net.router('r')]
  const [a0, r0] = net.veth(a, 'eth0', r, 'eth0')
  net.addr(a0, '10.0.0.1/24')
  net.addr(r0, '10.0.0.2/24')
  net.route(a, 'default', '10.0.0.2')
  const syns = (dst: string) => {
    net.forget()
    const socket = ok(a.sockets.tcpConnect({ dst: ip(dst), dport: 80, owner: OWNER }))
    net.run(2_500_000)
    socket.close()
    return net.events.filter(({ event }) => event.kind === 'packet.new' && event.protocol === 6).length
  }
  const [r1] = net.veth(r, 'eth1', net.ns('b'), 'eth0')
  net.addr(r1, '10.1.0.2/24')
  expect([syns('10.1.0.9'), syns('10.0.0.9')]).toEqual([3, 1])
})

test('known at once: no route, a foreign source, a port in use', () => {
  const { a } = pair()
  expect(a.sockets.tcpConnect({ dst: ip('8.8.8.8'), dport: 80, owner: OWNER })).toBe('ENETUNREACH')
  expect(a.sockets.tcpConnect({ dst: ip('10.0.0.2'), dport: 80, src: ip('10.0.0.7'), owner: OWNER })).toBe('EADDRNOTAVAIL')
  ok(a.sockets.tcpListen({ address: 0, port: 80, owner: OWNER }))
  expect(a.sockets.tcpListen({ address: ip('10.0.0.1'), port: 80, owner: OWNER })).toBe('EADDRINUSE')
  expect(a.sockets.tcpListen({ address: ip('10.0.0.7'), port: 81, owner: OWNER })).toBe('EADDRNOTAVAIL')
})

test('over lo, with its MSS', () => {
  const { net, a } = pair()
  serve(a, net, 80, '')
  ok(a.sockets.tcpConnect({ dst: ip('10.0.0.1'), dport: 80, owner: OWNER }))
  net.settle()
  const syns = net.events.flatMap(({ event }) =>
    event.kind === 'packet.new' && (event.flags & 2) !== 0 ? [[event.src, event.mss, event.window]] : [],
  )
  expect(syns).toEqual([
    ['10.0.0.1', 65495, 65495],
    ['10.0.0.1', 65495, 65483],
  ])
  expect(net.taps().split('\n')[0]).toMatch(/^a lo out 10\.0\.0\.1:\d+ > 10\.0\.0\.1:80 ttl 64$/)
})

test('closing with unread data resets, and so does a late word to somebody who closed', () => {
  const { net, a, b } = pair()
  const listener = ok(b.sockets.tcpListen({ address: null, port: 80, owner: OWNER }))
  const socket = ok(a.sockets.tcpConnect({ dst: ip('10.0.0.2'), dport: 80, owner: OWNER }))
  net.settle()
  const server = listener.accept() as TcpSocket
  socket.send(utf8Encode('unread'))
  net.settle()
  server.close()
  net.settle()
  expect([socket.error, socket.send(utf8Encode('more'))]).toEqual(['ECONNRESET', 'ECONNRESET'])
})
