import { expect, test } from 'vitest'
import { linuxMachine, linuxWorld, run } from '../../../test/support/linux.ts'
import { awk } from './awk.ts'
import recordings from './recordings.json' with { type: 'json' }

test('`awk` answers as the recorded one', () => {
  const machine = linuxMachine(linuxWorld(), 'alpha')
  machine.fs.install('/usr/bin/awk', awk)
  const seen = recordings.cases.map(({ args, input }) => {
    const { stdout, code } = run(machine, ['awk', ...args], { stdin: input })
    return { args, input, stdout, code }
  })
  expect(seen).toEqual(recordings.cases)
})

test('complaints are those of mawk', () => {
  const machine = linuxMachine(linuxWorld(), 'alpha')
  const complaint = (program: string, ...files: string[]): string => {
    const { stderr, code } = run(machine, ['awk', program, ...files])
    return `${code} ${stderr}`
  }
  expect(complaint('BEGIN { x = }')).toBe('2 awk: line 1: syntax error at or near }\n')
  expect(complaint('{print}', '/missing')).toBe('2 awk: cannot open /missing (No such file or directory)\n')
  expect(complaint('BEGIN { print 1/0 }')).toBe('2 awk: division by zero\n')
})
