import { expect, test } from 'vitest'
import { linuxMachine, linuxWorld, run } from '../../../test/support/linux.ts'
import { jq } from './jq.ts'
import recordings from './recordings.json' with { type: 'json' }

test('`jq` answers as the recorded one', () => {
  const machine = linuxMachine(linuxWorld(), 'alpha')
  machine.fs.install('/usr/bin/jq', jq)
  const seen = recordings.cases.map(({ args, input }) => {
    const { stdout, stderr, code } = run(machine, ['jq', ...args], { stdin: input })
    return { args, input, stdout, stderr, code }
  })
  expect(seen).toEqual(recordings.cases)
})
