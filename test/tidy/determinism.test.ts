/** DESIGN's ban table, as a test: what makes two runs differ has no place in core. Each ban says what to use instead. */
import { expect, test } from 'vitest'
import { isTest, sourcesOf } from '../support/sources.ts'

const BANS: readonly { banned: RegExp; instead: string }[] = [
  { banned: /\bDate\.now\b|\bnew Date\(\s*\)|\bperformance\b/, instead: 'the clock' },
  { banned: /\bMath\.random\b|\bcrypto\b/, instead: 'a named stream of RandomStreams' },
  { banned: /\basync\s|\bawait\s|\bnew Promise\b|\bPromise\.|\bsetTimeout\b|\bsetInterval\b|\bqueueMicrotask\b|\bsetImmediate\b/, instead: 'a Clock event; in a program, yield*' },
  { banned: /\.localeCompare\(|\bIntl\.|\.toLocale[A-Z]\w*\(/, instead: 'byText, tables' },
  { banned: /\.sort\(\s*\)|\.toSorted\(\s*\)/, instead: 'sort with a comparator' },
  { banned: /\bfor\s*\(\s*(?:const|let|var)\s+\w+\s+in\s/, instead: 'for…of over Object.keys of our own records, or a Map' },
  { banned: /\bMath\.(?:sin|cos|tan|exp|log|log2|log10|pow|cbrt|atan|atan2|hypot)\b/, instead: 'integers and tables' },
  { banned: /\bnew WeakRef\b|\bFinalizationRegistry\b/, instead: 'explicit ends' },
  { banned: /^(?:export )?let\s/m, instead: 'a field of Simulation' },
  { banned: /\bprocess\.(?:env|cwd\(|hrtime|stdout|exit\()|\bglobalThis\b/, instead: 'an argument' },
]

/** Lines that look banned and are not, with the reason. */
const ALLOWED: readonly { path: string; line: RegExp; because: string }[] = [
  { path: 'core/commands/awk/', line: /Math\./, because: "awk's own functions, on the learner's numbers" },
  { path: 'core/commands/jq/', line: /Math\./, because: "jq's own functions, on the learner's numbers" },
]

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ' ')).replace(/(^|[^:'"`\\])\/\/.*$/gm, '$1')
}

/** Strings and templates hold words, not code. */
function withoutStrings(line: string): string {
  return line.replace(/'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"/g, "''").replace(/`(?:[^`\\$]|\\.)*`/g, '``')
}

test('core holds nothing that could make two runs differ', () => {
  const found: string[] = []
  for (const { path, text } of sourcesOf('core').filter((file) => !isTest(file.path))) {
    const lines = withoutComments(text).split('\n')
    for (let number = 0; number < lines.length; number += 1) {
      const code = withoutStrings(lines[number])
      for (const { banned, instead } of BANS) {
        if (!banned.test(code) || ALLOWED.some((each) => path.startsWith(each.path) && each.line.test(code))) continue
        found.push(`${path}:${number + 1}: ${lines[number].trim().slice(0, 100)} (use ${instead})`)
      }
    }
  }
  expect(found).toEqual([])
})

test('the bans themselves find what they ban', () => {
  const canaries = ['Date.now()', 'Math.random()', 'async function x() {}', 'a.localeCompare(b)', 'names.sort()', 'for (const k in o) {}', 'Math.sin(1)', 'new WeakRef(o)', 'let count = 0', 'process.env.X']
  expect(canaries.filter((canary) => !BANS.some(({ banned }) => banned.test(canary)))).toEqual([])
})
