/** ssh between machines: status, input, terminals, and lines that die. */
import { expect, test } from 'vitest'
import { joinMachines, linuxMachine, linuxWorld, run } from '../../../test/support/linux.ts'
import { Terminal } from '../../../test/support/terminal.ts'
import type { Machine } from '../../linux/machine.ts'
import { ssh } from './ssh.ts'
import { startSshd } from './sshd.ts'

function pair(): [Machine, Machine] {
  const world = linuxWorld()
  const machines: [Machine, Machine] = [linuxMachine(world, 'client'), linuxMachine(world, 'worker-1')]
  joinMachines(world, machines)
  for (const machine of machines) {
    machine.fs.install('/usr/bin/ssh', ssh)
    startSshd(machine)
  }
  return machines
}

test('a command: output, errors, status, input', () => {
  const [client] = pair()
  expect(run(client, ['ssh', 'worker-1', 'hostname; echo oops >&2; exit 7'])).toEqual({ stdout: 'worker-1\n', stderr: 'oops\n', code: 7 })
  expect(run(client, ['ssh', 'worker-1', 'tr a-z A-Z'], { stdin: 'hello\n' })).toEqual({ stdout: 'HELLO\n', stderr: '', code: 0 })
  expect(run(client, ['bash', '-c', 'ssh root@10.0.0.2 seq 20000 | wc -l'])).toEqual({ stdout: '20000\n', stderr: '', code: 0 })
  expect(run(client, ['ssh', 'worker-1', 'nope'])).toEqual({ stdout: '', stderr: 'bash: line 1: nope: command not found\n', code: 127 })
})

test('no way there', () => {
  const [client] = pair()
  expect(run(client, ['ssh', 'nowhere', 'true']).stderr).toMatch(/^ssh: Could not resolve hostname nowhere: /)
  expect(run(client, ['ssh', '-p', '2222', 'worker-1', 'true'])).toEqual({
    stdout: '', stderr: 'ssh: connect to host worker-1 port 2222: Connection refused\n', code: 255,
  })
})

test('a login shell on a terminal of its own', async () => {
  const [client] = pair()
  const terminal = new Terminal(client)
  terminal.type('ssh worker-1\r').wait(1)
  terminal.type('tty; hostname\r').wait(1)
  terminal.type('sleep 100\r').wait(1)
  terminal.type('\x03').wait(1)
  terminal.type('exit 3\r').wait(1)
  terminal.type('echo $? $(hostname)\r').wait(1)
  expect(await terminal.screen()).toBe(`client:~$ ssh worker-1
worker-1:~$ tty; hostname
/dev/pts/0
worker-1
worker-1:~$ sleep 100
^C
worker-1:~$ exit 3
logout
Connection to worker-1 closed.
client:~$ echo $? $(hostname)|`.replace('|', '\n3 client\nclient:~$ |').split('\n').slice(-10).join('\n'))
})

test('the far machine loses power: the shell hangs until the person leaves', async () => {
  const [client, worker] = pair()
  const terminal = new Terminal(client)
  terminal.type('ssh worker-1\r').wait(1)
  worker.halt()
  terminal.type('echo anybody\r').wait(5)
  terminal.type('\r~.').wait(1)
  expect(await terminal.screen()).toBe(`client:~$ ssh worker-1
worker-1:~$ Connection to worker-1 close
d.
client:~$ |`)
})

test('… or until TCP gives up', async () => {
  const [client, worker] = pair()
  const terminal = new Terminal(client, { columns: 80 })
  terminal.type('ssh worker-1\r').wait(1)
  worker.halt()
  terminal.type('x').wait(1200)
  terminal.type('echo $?\r')
  expect(await terminal.screen()).toBe(`client:~$ ssh worker-1
worker-1:~$ Read from remote host worker-1: No route to host
Connection to worker-1 closed.
client:~$ echo $?
255
client:~$ |`)
})

test('the terminal is closed: the far shell ends', () => {
  const [client, worker] = pair()
  const terminal = new Terminal(client)
  terminal.type('ssh worker-1\r').wait(1)
  terminal.type('sleep 1000\r').wait(1)
  const names = (): string => [...worker.processes.values()].map((proc) => proc.argv.join(' ')).join(', ')
  expect(names()).toBe('/usr/sbin/sshd -D, -bash, sleep 1000')
  terminal.tty.hangup()
  terminal.wait(5)
  expect(names()).toBe('/usr/sbin/sshd -D')
})
