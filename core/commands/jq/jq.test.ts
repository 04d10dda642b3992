/** jq against what the real one said: programs, options, broken input and broken programs; then what only a machine can show. */
import { expect, test } from 'vitest'
import { linuxMachine, linuxWorld, run } from '../../../test/support/linux.ts'
import type { Machine } from '../../linux/machine.ts'
import { jq } from './jq.ts'
import recordings from './recordings.json' with { type: 'json' }

function machineWithJq(): Machine {
  const machine = linuxMachine(linuxWorld(), 'alpha')
  machine.fs.install('/usr/bin/jq', jq)
  machine.fs.mkdir('/tmp/box', { parents: true })
  for (const [name, text] of Object.entries(recordings.files)) machine.fs.write(`/tmp/box/${name}`, text)
  return machine
}

test('`jq` answers as the recorded one', () => {
  const machine = machineWithJq()
  const seen = recordings.cases.map(({ args, input }) => {
    const { stdout, stderr, code } = run(machine, ['jq', ...args], { stdin: input, cwd: '/tmp/box' })
    return { args, input, stdout, stderr, code }
  })
  expect(seen).toEqual(recordings.cases)
})

test('results come one by one: endless ones end with their reader, and input is read as it arrives', () => {
  const machine = machineWithJq()
  expect(run(machine, ['bash', '-c', "jq -n 'repeat(1)' | head -2"])).toEqual({ stdout: '1\n1\n', stderr: '', code: 0 })
  expect(run(machine, ['bash', '-c', "(echo 1; sleep 5; echo 2) | jq '. + 1' | head -1"]).stdout).toBe('2\n')
  expect(run(machine, ['bash', '-c', "timeout 1 jq -n 'def f: f; f'; echo $?"]).stdout).toBe('124\n')
})

test('recursion without end takes the memory of jq, not ours', () => {
  const machine = machineWithJq()
  expect(run(machine, ['jq', '-n', 'def f: 1 + f; f'])).toEqual({ stdout: '', stderr: 'error: cannot allocate memory\n', code: 134 })
  expect(run(machine, ['jq', '-n', 'reduce range(100000) as $i (null; [.]) | . == [1]']).stdout).toBe('false\n')
  expect(run(machine, ['jq', '-n', '[limit(3; def f: ., (. + 1 | f); 0 | f)] | add, (0 | until(. >= 200000; . + 1))']).stdout).toBe('3\n200000\n')
})

test('the environment and the clock are those of the machine', () => {
  const machine = machineWithJq()
  expect(run(machine, ['bash', '-c', "X=é jq -nr '$ENV.X, env.X, (now | todate[0:10])'"]).stdout).toBe('é\né\n2026-01-01\n')
})
