import { expect, test } from 'vitest'
import { linuxMachine, linuxWorld, run } from '../../../test/support/linux.ts'
import recordings from './recordings.json' with { type: 'json' }

test('`ip` and `bridge` answer as the recorded ones, command after command on one machine', () => {
  const machine = linuxMachine(linuxWorld(), 'alpha', ['coreutils', 'iproute2'])
  for (const name of ['all', 'default']) machine.netns.sysctl.set(`net.ipv6.conf.${name}.disable_ipv6`, '1')
  const seen = recordings.cases.map(({ line }) => {
    const { stdout, stderr, code } = run(machine, line.split(' '))
    return { line, stdout, stderr, code }
  })
  expect(seen).toEqual(recordings.cases)
})

test('namespaces: made, entered, listed with the links that lead into them', () => {
  const machine = linuxMachine(linuxWorld(), 'alpha', ['coreutils', 'iproute2', 'iputils'])
  const shell = (line: string): string => {
    const { stdout, stderr } = run(machine, ['/bin/bash', '-c', line])
    return stdout + stderr
  }
  shell('ip netns add blue; ip link add v0 address 02:00:00:00:00:01 type veth peer name v1 address 02:00:00:00:00:02 netns blue')
  shell('ip addr add 10.5.0.1/24 brd + dev v0; ip link set v0 up; ip -n blue addr add 10.5.0.2/24 dev v1; ip -n blue link set v1 up')
  expect(shell('ip netns; ip -4 addr show v0; ip link show v0; ip netns exec blue ip -br -4 addr; ip netns exec blue ping -c 1 10.5.0.1 | head -2; ip netns del blue; ip -br link')).toBe(
    `blue (id: 0)
2: v0@if2: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default qlen 1000
    inet 10.5.0.1/24 brd 10.5.0.255 scope global v0
       valid_lft forever preferred_lft forever
2: v0@if2: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP mode DEFAULT group default qlen 1000
    link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff link-netns blue
v1@if2           UP             10.5.0.2/24 
PING 10.5.0.1 (10.5.0.1) 56(84) bytes of data.
64 bytes from 10.5.0.1: icmp_seq=1 ttl=64 time=0.012 ms
lo               UNKNOWN        00:00:00:00:00:00 <LOOPBACK,UP,LOWER_UP> 
`,
  )
})
