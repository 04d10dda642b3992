import { expect, test } from 'vitest'
import { linuxMachine, linuxWorld, run } from '../../../test/support/linux.ts'
import recordings from './recordings.json' with { type: 'json' }

/** Where the shell itself complains it names itself and its line. */
function withoutShell(text: string): string {
  return text.replace(/^(?:\/bin\/)?bash: line \d+: /gm, 'bash: ')
}

test('the usual filters and file commands answer as the recorded ones', () => {
  const machine = linuxMachine(linuxWorld(), 'alpha', ['coreutils', 'tree'])
  const seen = recordings.cases.map(({ line }) => {
    machine.fs.remove('/tmp/box', { recursive: true })
    machine.fs.mkdir('/tmp/box/d/sub', { parents: true })
    for (const [name, text] of Object.entries(recordings.files)) machine.fs.write(`/tmp/box/${name}`, text)
    run(machine, ['/bin/bash', '-c', recordings.setup], { cwd: '/tmp/box' })
    const { stdout, stderr, code } = run(machine, ['/bin/bash', '-c', `export LC_ALL=C; ${line}`], { cwd: '/tmp/box' })
    return { line, stdout, stderr: withoutShell(stderr), code }
  })
  expect(seen).toEqual(recordings.cases.map((one) => ({ ...one, stderr: withoutShell(one.stderr) })))
})
