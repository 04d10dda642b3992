import { expect, test } from 'vitest'
import { linuxMachine, linuxWorld, run } from '../../../test/support/linux.ts'
import { type Machine, SinkFile } from '../../linux/index.ts'
import { parseIp } from '../../net/addr/ip.ts'
import type { NetDevice } from '../../net/device/net-device.ts'
import type { Tuple } from '../../net/netfilter/conntrack-entry.ts'
import { conntrack } from './conntrack.ts'

const OWNER = { pid: 1, process: 'test' }

/** A machine that tracks, with one UDP exchange and one refused TCP connection to another machine behind it. */
function tracked(): Machine {
  const world = linuxWorld()
  const [node, peer] = ['node1', 'node2'].map((name) => linuxMachine(world, name))
  node.fs.install('/usr/sbin/conntrack', conntrack)
  const nics = [node, peer].map((machine, i) => {
    const nic = machine.netns.addLink({ name: 'eth0', kind: 'nic', up: true }) as NetDevice
    machine.netns.addAddress(nic, parseIp(`10.9.0.${i + 1}`) as number, 24)
    return nic
  })
  world.net.connect(nics[0], nics[1])
  node.netns.netfilter.iptables('ipv4').restore('*nat\n-A OUTPUT -d 10.96.0.1 -p udp -j DNAT --to-destination 10.9.0.2\nCOMMIT\n')
  node.netns.fib.add({ prefix: { addr: parseIp('10.96.0.0') as number, length: 16 }, via: parseIp('10.9.0.2') as number })
  const server = peer.netns.sockets.udpOpen({ port: 53, owner: OWNER })
  const client = node.netns.sockets.udpOpen({ port: 5000, owner: OWNER })
  const echo = node.netns.sockets.icmpOpen({ owner: OWNER })
  if (typeof server === 'string' || typeof client === 'string' || typeof echo === 'string') throw new Error('no sockets')
  client.sendTo(new Uint8Array(4), parseIp('10.96.0.1') as number, 53)
  echo.sendEcho({ dst: parseIp('10.9.0.2') as number, id: 7, seq: 1, bytes: 8 })
  node.netns.sockets.tcpConnect({ dst: parseIp('10.9.0.2') as number, dport: 80, sport: 6000, owner: OWNER })
  node.netns.sockets.tcpConnect({ dst: parseIp('10.9.0.77') as number, dport: 80, sport: 6001, owner: OWNER })
  world.clock.advance(1_000_000, 10_000)
  return node
}

test('the table, and what options choose of it', () => {
  const node = tracked()
  expect(run(node, ['conntrack', '-L'])).toMatchInlineSnapshot(`
    {
      "code": 0,
      "stderr": "conntrack v1.4.7 (conntrack-tools): 3 flow entries have been shown.
    ",
      "stdout": "udp      17 28 src=10.9.0.1 dst=10.96.0.1 sport=5000 dport=53 [UNREPLIED] src=10.9.0.2 dst=10.9.0.1 sport=53 dport=5000 mark=0 use=1
    icmp     1 29 src=10.9.0.1 dst=10.9.0.2 type=8 code=0 id=7 src=10.9.0.2 dst=10.9.0.1 type=0 code=0 id=7 mark=0 use=1
    tcp      6 118 SYN_SENT src=10.9.0.1 dst=10.9.0.77 sport=6001 dport=80 [UNREPLIED] src=10.9.0.77 dst=10.9.0.1 sport=80 dport=6001 mark=0 use=1
    ",
    }
  `)
  expect(run(node, ['conntrack', '-L', '-p', 'udp', '--dport', '53', '-o', 'extended']).stdout).toMatchInlineSnapshot(`
    "ipv4     2 udp      17 28 src=10.9.0.1 dst=10.96.0.1 sport=5000 dport=53 [UNREPLIED] src=10.9.0.2 dst=10.9.0.1 sport=53 dport=5000 mark=0 use=1
    "
  `)
  expect(run(node, ['conntrack', '-L', '-g']).stdout).toBe(run(node, ['conntrack', '-L', '-p', 'udp']).stdout)
  expect(run(node, ['conntrack', '-C']).stdout).toBe('3\n')
  expect(run(node, ['conntrack', '-S']).stdout).toMatchInlineSnapshot(`
    "cpu=0   	found=0 invalid=0 insert=0 insert_failed=0 drop=0 early_drop=0 error=0 search_restart=0 clash_resolve=0 chaintoolong=0 
    "
  `)
})

test('deleting says what went, and fails when nothing did', () => {
  const node = tracked()
  expect(run(node, ['conntrack', '-D', '-p', 'tcp', '-d', '10.1.1.1'])).toEqual({
    stdout: '',
    stderr: 'conntrack v1.4.7 (conntrack-tools): 0 flow entries have been deleted.\n',
    code: 1,
  })
  expect(run(node, ['conntrack', '-D', '-r', '10.9.0.2', '-p', 'udp'])).toMatchInlineSnapshot(`
    {
      "code": 0,
      "stderr": "conntrack v1.4.7 (conntrack-tools): 1 flow entries have been deleted.
    ",
      "stdout": "udp      17 28 src=10.9.0.1 dst=10.96.0.1 sport=5000 dport=53 [UNREPLIED] src=10.9.0.2 dst=10.9.0.1 sport=53 dport=5000 mark=0 use=1
    ",
    }
  `)
  expect(run(node, ['conntrack', '-F']).stderr).toBe('conntrack v1.4.7 (conntrack-tools): connection tracking table has been emptied.\n')
  expect(run(node, ['conntrack', '-C']).stdout).toBe('0\n')
})

test('wrong words are refused as conntrack-tools does', () => {
  const node = tracked()
  const said = [
    ['-L', 'foo'],
    ['-X'],
    ['-L', '-p', 'foo'],
    ['-L', '-s', 'foo'],
    ['-L', '--dport', '53'],
    ['-G', '-p', 'udp', '-s', '10.9.0.1'],
    ['-L', '-o', 'foo'],
    ['--list'],
  ]
    .map((words) => run(node, ['conntrack', ...words]))
    .map(({ stderr, code }) => `${code} ${stderr.split('\n')[0]}`)
  expect(said).toMatchInlineSnapshot(`
    [
      "2 conntrack v1.4.7 (conntrack-tools): unknown type \`foo'",
      "2 conntrack v1.4.7 (conntrack-tools): unknown option \`-X'",
      "2 conntrack v1.4.7 (conntrack-tools): \`foo' unsupported protocol",
      "2 conntrack v1.4.7 (conntrack-tools): Invalid IP address \`foo'",
      "2 conntrack v1.4.7 (conntrack-tools): unknown option \`--dport'",
      "2 conntrack v1.4.7 (conntrack-tools): you have to specify \`--src' and \`--dst'",
      "2 conntrack v1.4.7 (conntrack-tools): Bad parameter \`foo'",
      "2 conntrack v1.4.7 (conntrack-tools): unknown option \`--list'",
    ]
  `)
})

test('-E tells of changes until it is interrupted', () => {
  const node = tracked()
  node.netns.netfilter.conntrack.flush()
  let text = ''
  const sink = new SinkFile((part) => {
    text += part
  })
  const watcher = node.spawn({
    argv: ['conntrack', '-E', '-e', 'NEW,DESTROY'],
    fds: new Map([
      [1, sink],
      [2, sink],
    ]),
  })
  const { clock } = node.world
  clock.advance(clock.nowUs + 100_000, 1000)
  const client = node.netns.sockets.udpOpen({ port: 5001, owner: OWNER })
  if (typeof client === 'string') throw new Error(client)
  client.sendTo(new Uint8Array(4), parseIp('10.9.0.2') as number, 53)
  clock.advance(clock.nowUs + 40_000_000, 10_000)
  watcher.signal('SIGINT')
  clock.advance(clock.nowUs + 1000, 1000)
  expect(text).toMatchInlineSnapshot(`
    "    [NEW] udp      17 30 src=10.9.0.1 dst=10.9.0.2 sport=5001 dport=53 [UNREPLIED] src=10.9.0.2 dst=10.9.0.1 sport=53 dport=5001
    [DESTROY] udp      17 0 src=10.9.0.1 dst=10.9.0.2 sport=5001 dport=53 [UNREPLIED] src=10.9.0.2 dst=10.9.0.1 sport=53 dport=5001
    conntrack v1.4.7 (conntrack-tools): 2 flow events have been shown.
    "
  `)
  expect(watcher.exitCode).toBe(0)
})

test('a tuple is found by both of its directions', () => {
  const { conntrack: table } = tracked().netns.netfilter
  const tuple: Tuple = { src: parseIp('10.9.0.2') as number, dst: parseIp('10.9.0.1') as number, protocol: 17, sport: 53, dport: 5000 }
  expect(table.find(tuple)?.direction).toBe(1)
})
