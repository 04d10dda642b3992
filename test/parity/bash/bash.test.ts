/** Our shell against what bash printed: scripts of cases.txt, outputs recorded by record.mjs. */
import { expect, test } from 'vitest'
import { linuxMachine, linuxWorld, run } from '../../support/linux.ts'
import recorded from './recorded.json' with { type: 'json' }

for (const { name, script, stdout, stderr, code } of recorded.results) {
  test(name, () => {
    const machine = linuxMachine(linuxWorld(), 'client')
    const got = run(machine, ['bash', '-c', script])
    // A pid is the one thing that may differ.
    const steady = got.stderr.replace(/line (\d+): +\d+ (Killed|Terminated)/g, 'line $1: PID $2')
    expect({ ...got, stderr: steady }).toEqual({ stdout, stderr, code })
  })
}
