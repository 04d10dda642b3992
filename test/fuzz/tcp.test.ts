/** TCP under loss in both directions: whatever is echoed comes back byte by byte, and no connection is left over. */
import { expect, test } from 'vitest'
import type { NetNamespace } from '../../core/net/net-namespace.ts'
import type { TcpSocket } from '../../core/net/socket/socket-table.ts'
import type { Random } from '../../core/sim/random.ts'
import { ip, ok, OWNER, TestNet } from '../support/net.ts'

const WORLDS = 60

/** Reads in random pieces, at random moments, and sends everything back. */
function echo(net: TestNet, ns: NetNamespace, random: Random): void {
  const listener = ok(ns.sockets.tcpListen({ address: 0, port: 7, owner: OWNER }))
  const attend = (socket: TcpSocket) => {
    const pending: Uint8Array[] = []
    const flush = () => {
      while (pending.length > 0) {
        const taken = socket.send(pending[0])
        if (typeof taken !== 'number') return false
        if (taken < pending[0].length) pending[0] = pending[0].slice(taken)
        else pending.shift()
      }
      return true
    }
    const step = () => {
      for (;;) {
        flush()
        const got = socket.recv(1 + random.below(5000))
        if (!(got instanceof Uint8Array)) {
          if (got === 'eof' && flush()) socket.close()
          return
        }
        pending.push(got)
      }
    }
    socket.onChange = () => net.clock.after(random.below(2000), step)
    step()
  }
  listener.onChange = () =>
    net.clock.after(0, () => {
      const socket = listener.accept()
      if (socket) attend(socket)
    })
}

test.each(Array.from({ length: WORLDS }, (_, i) => i + 1))('world %i', (seed) => {
  const net = new TestNet(seed)
  const [a, b] = [net.ns('a'), net.ns('b')]
  const [a0, b0] = net.wire(a, 'eth0', b, 'eth0', 500)
  net.addr(a0, '10.0.0.1/24')
  net.addr(b0, '10.0.0.2/24')
  // Lost ARP is another story.
  a.neigh.set(ip('10.0.0.2'), a0, b0.mac, 'PERMANENT')
  b.neigh.set(ip('10.0.0.1'), b0, a0.mac, 'PERMANENT')
  net.world.wires[0].lossPerMille = (seed % 5) * 60
  const random = net.random.stream('fuzz')
  echo(net, b, random)
  const data = Uint8Array.from({ length: 1 + random.below(60_000) }, () => random.below(256))
  const socket = ok(a.sockets.tcpConnect({ dst: ip('10.0.0.2'), dport: 7, owner: OWNER }))
  const heard: number[] = []
  let sent = 0
  const step = () => {
    while (sent < data.length) {
      const taken = socket.send(data.slice(sent, sent + 1 + random.below(9000)))
      if (typeof taken !== 'number') break
      sent += taken
      if (sent === data.length) socket.shutdown()
    }
    let got = socket.recv(1 + random.below(5000))
    for (; got instanceof Uint8Array; got = socket.recv(1 + random.below(5000))) heard.push(...got)
    if (got === 'eof') socket.close()
  }
  socket.onChange = () => net.clock.after(random.below(500), step)
  net.run(600_000_000)
  expect(socket.error).toBe(null)
  expect(Uint8Array.from(heard)).toEqual(data)
  const left = [...a.sockets.list(), ...b.sockets.list()].map((info) => info.state)
  expect(left).toEqual(['LISTEN'])
})
