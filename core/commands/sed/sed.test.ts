import { expect, test } from 'vitest'
import { linuxMachine, linuxWorld, run } from '../../../test/support/linux.ts'
import { sed } from './sed.ts'
import recordings from './recordings.json' with { type: 'json' }

test('`sed` answers as the recorded one', () => {
  const machine = linuxMachine(linuxWorld(), 'alpha')
  machine.fs.install('/usr/bin/sed', sed)
  const seen = recordings.cases.map(({ args, input }) => {
    const { stdout, stderr, code } = run(machine, ['sed', ...args], { stdin: input })
    return { args, input, stdout, stderr, code }
  })
  expect(seen).toEqual(recordings.cases)
})
