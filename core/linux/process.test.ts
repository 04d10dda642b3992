/** Processes: signals, kills and their `finally`, pipes, containers, power. */
import { expect, test } from 'vitest'
import { linuxMachine, linuxWorld, run } from '../../test/support/linux.ts'
import { createContext, FileSystem, type Machine, mountKernelFiles, NullFile, Pipe, type Process, type Program, writeRootFiles } from './index.ts'

function machine(): Machine {
  return linuxMachine(linuxWorld(), 'client')
}

const noted = (log: string[], body: Program): Program =>
  function* (proc, argv) {
    try {
      return yield* body(proc, argv)
    } finally {
      log.push(`finally of ${argv[0]}`)
    }
  }

const sleeper: Program = function* (proc) {
  yield* proc.sleepUs(3_600_000_000)
  return 0
}

function settle(m: Machine, us = 1000): void {
  m.world.clock.advance(m.world.clock.nowUs + us, 100_000)
}

test('a killed program runs its finally blocks; the parent learns the signal', () => {
  const m = machine()
  const log: string[] = []
  const exits: string[] = []
  const spawn = (name: string): Process => m.spawn({ argv: [name], program: noted(log, sleeper), onExit: (code, signal) => exits.push(`${name} ${code} ${signal}`) })
  const [a, b, c] = [spawn('a'), spawn('b'), spawn('c')]
  settle(m)
  a.signal('SIGTERM')
  b.onSignal('SIGTERM', () => b.exit(3))
  b.signal('SIGTERM')
  c.onSignal('SIGTERM', 'ignore')
  c.signal('SIGTERM')
  settle(m)
  expect([...m.processes.keys()]).toEqual([c.pid])
  c.signal('SIGKILL')
  settle(m)
  expect({ log, exits }).toEqual({ log: ['finally of a', 'finally of b', 'finally of c'], exits: ['a 143 SIGTERM', 'b 3 ', 'c 137 SIGKILL'] })
})

test('stopping holds a program, continuing lets it go on', () => {
  const m = machine()
  const ticks: number[] = []
  const proc = m.spawn({ argv: ['tick'], program: function* (self) { for (;;) { yield* self.sleepUs(1_000_000); ticks.push(Math.floor(self.world.clock.nowUs / 1e6)) } } })
  settle(m, 2_500_000)
  proc.signal('SIGSTOP')
  settle(m, 5_000_000)
  proc.signal('SIGCONT')
  settle(m, 2_000_000)
  expect(ticks).toEqual([1, 2, 7, 8, 9])
})

test('a pipe holds its writer back and tells it when nobody reads', () => {
  const m = machine()
  const log: string[] = []
  const pipe = new Pipe()
  const writer = m.spawn({
    argv: ['writer'], fds: new Map([[1, pipe.writeEnd]]),
    program: noted(log, function* (proc) {
      for (let i = 0; ; i += 1) {
        proc.print('x'.repeat(10_000))
        if (!(yield* proc.flush())) return 1
        if (i % 5 === 4) log.push(`wrote ${(i + 1) * 10_000}`)
      }
    }),
  })
  pipe.writeEnd.close()
  settle(m, 10_000_000)
  expect(log).toEqual(['wrote 50000'])
  pipe.readEnd.read(1_000_000)
  settle(m, 10_000_000)
  expect(log).toEqual(['wrote 50000', 'wrote 100000'])
  pipe.readEnd.close()
  settle(m)
  expect([writer.exitCode, log.at(-1)]).toEqual([141, 'finally of writer'])
})

test('threads end with their process', () => {
  const m = machine()
  const log: string[] = []
  const proc = m.spawn({
    argv: ['server'],
    program: function* (self) {
      for (const name of ['t1', 't2']) self.thread(function* (thread) { try { yield* thread.sleepUs(1e9) } finally { log.push(name) } })
      yield* self.sleepUs(1e9)
      return 0
    },
  })
  settle(m)
  expect(m.processes.size).toBe(1)
  proc.signal('SIGKILL')
  settle(m)
  expect(log).toEqual(['t1', 't2'])
})

test('a container: its own root, host name and pids; its first process holds it together', () => {
  const m = machine()
  const fs = new FileSystem()
  writeRootFiles(fs, 'web-0')
  const context = createContext({ netns: m.world.net.createNamespace('cni-1', 'client', 'default/web-0'), fs, hostname: 'web-0', label: 'default/web-0/web' })
  mountKernelFiles(fs, context, m)
  const sh = m.fs.executable('/bin/sh')
  const cat = m.fs.executable('/bin/cat')
  if (typeof sh !== 'object' || typeof cat !== 'object') throw new Error('programs')
  fs.install('/bin/sh', sh)
  fs.install('/bin/cat', cat)
  const first = m.spawn({ argv: ['/bin/sh', '-c', 'sleep 1000 & while :; do read x < /nope; done'], context, fds: new Map([[1, new NullFile()], [2, new NullFile()]]) })
  settle(m, 50_000)
  let output = ''
  const pipe = new Pipe()
  const second = m.spawn({ argv: ['/bin/sh', '-c', 'echo $$; cat /etc/hostname; cat /proc/1/comm; pwd'], context, fds: new Map([[1, pipe.writeEnd]]), cwd: '/etc' })
  pipe.writeEnd.close()
  settle(m, 50_000)
  output = pipe.readEnd.read(1000) ?? ''
  expect(output).toBe('3\nweb-0\nsh\n/etc\n')
  expect([second.exitCode, first.localPid, first.pid === context.init]).toEqual([0, 1, true])
  // A shell has no handler for SIGTERM: as process 1 the kernel spares it.
  first.signal('SIGTERM')
  settle(m)
  expect(first.alive).toBe(true)
  first.signal('SIGKILL')
  settle(m)
  expect([m.processesOf(context).length, context.init]).toEqual([0, 0])
})

test('sysctls, /proc and scripts', () => {
  const m = machine()
  expect(run(m, ['bash', '-c', 'cat /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/net/ipv4/ip_forward; cat /proc/sys/net/ipv4/ip_forward; cat /proc/self/comm; ls /sys/class/net']).stdout).toBe(
    '0\n1\ncat\nlo\n',
  )
  expect(m.netns.sysctl.get('net.ipv4.ip_forward')).toBe('1')
})

test('power off and on', () => {
  const m = machine()
  const log: string[] = []
  m.onStart.push(() => log.push('boot'))
  m.spawn({ argv: ['a'], program: noted(log, sleeper) })
  m.fs.write('/tmp/x', '')
  m.fs.write('/root/x', '')
  m.netns.addLink({ name: 'br0', kind: 'bridge', up: true })
  settle(m)
  m.halt()
  expect([m.processes.size, m.running, m.netns.links().map((link) => `${link.name} ${link.up}`), m.fs.exists('/tmp/x'), m.fs.exists('/root/x')]).toEqual([
    0, false, ['lo false'], false, true,
  ])
  m.start()
  expect(log).toEqual(['finally of a', 'boot'])
})
