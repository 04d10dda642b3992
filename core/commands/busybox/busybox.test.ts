import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { replay } from '../../../test/support/served-machines.ts'

test('the applets speak as busybox does', () => {
  const transcript = readFileSync(new URL('./transcript.txt', import.meta.url), 'utf8')
  expect(replay(transcript)).toBe(transcript)
})
