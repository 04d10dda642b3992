import { expect, test } from 'vitest'
import { posixRegex } from './posix-regex.ts'

/** What GNU grep 3.8 -o answers for the same pattern and text; null where it finds nothing. */
const BASIC: [string, string, string | null][] = [
  ['a*b', 'xaab', 'aab'],
  ['*a', 'x*a', '*a'],
  ['a\\+', 'baa', 'aa'],
  ['a+', 'a+b', 'a+'],
  ['\\(ab\\)\\1', 'ababab', 'abab'],
  ['a\\{2,3\\}', 'aaaa', 'aaa'],
  ['[[:digit:]]\\{1,\\}', 'ab12c', '12'],
  ['[]a]*', ']a]b', ']a]'],
  ['[^]a]', ']ab', 'b'],
  ['a^b', 'a^b', 'a^b'],
  ['cat\\|dog', 'hotdog', 'dog'],
  ['\\<eth', 'veth eth0', 'eth'],
  ['0\\>', 'eth01 eth0', '0'],
  ['a[.]b', 'axb a.b', 'a.b'],
  ['[a\\]', 'x\\', '\\'],
  ['10.244', '10.244.1.2', '10.244'],
]

const EXTENDED: [string, string, string | null][] = [
  ['(ab)+', 'xababy', 'abab'],
  ['a{2}', 'aaa', 'aa'],
  ['a{,2}b', 'aaab', 'aab'],
  ['{a', '{a', '{a'],
  ['a|b|^c', 'xb', 'b'],
  ['[0-9]+\\.[0-9]+', 'v1.36', '1.36'],
  ['a**b', 'aab', 'aab'],
  ['(a|b)*c', 'abac', 'abac'],
  ['^$', 'x', null],
  ['\\w+', '--go_1-', 'go_1'],
  ['[a-c-]+', 'x-b-', '-b-'],
]

test('patterns match what grep matches', () => {
  for (const [extended, table] of [[false, BASIC], [true, EXTENDED]] as const) {
    for (const [pattern, text, found] of table) {
      const regex = posixRegex(pattern, { extended })
      if (!(regex instanceof RegExp)) throw new Error(`${pattern}: ${regex.error}`)
      expect([pattern, regex.exec(text)?.[0] ?? null]).toEqual([pattern, found])
    }
  }
})

test('complaints are those of regcomp', () => {
  const complaint = (pattern: string, extended = false): string => {
    const regex = posixRegex(pattern, { extended })
    return regex instanceof RegExp ? 'none' : regex.error
  }
  expect([
    complaint('[a'), complaint('\\(a'), complaint('a\\)'), complaint('a\\'), complaint('[z-a]'), complaint('[[:foo:]]'),
    complaint('(a', true), complaint('a)', true), complaint('\\1'), complaint('a\\{1'),
  ]).toEqual([
    'Unmatched [, [^, [:, [., or [=', 'Unmatched ( or \\(', 'Unmatched ) or \\)', 'Trailing backslash', 'Invalid range end',
    'Invalid character class name', 'Unmatched ( or \\(', 'Unmatched ) or \\)', 'Invalid back reference', 'Unmatched \\{',
  ])
})
