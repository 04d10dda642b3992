import { expect, test } from 'vitest'
import { lineColumn, readYaml, yamlNodeAt } from './yaml-gate.ts'
import type { YamlOptions } from './yaml-gate.ts'

function values(text: string, options?: YamlOptions): unknown[] {
  const result = readYaml(text, options)
  if ('error' in result) throw new Error(`${result.error.line}:${result.error.column} ${result.error.message}`)
  return result.documents.map((document) => document.value)
}

function fault(text: string): string {
  const result = readYaml(text)
  return 'error' in result ? `${result.error.line}:${result.error.column} ${result.error.goText}` : 'no fault'
}

test('scalars mean what kubectl 1.33 prints for them', () => {
  const text = `
a: on
b: y
c: 014
d: 0o14
e: 1e3
f: 2024-01-01
g: 1:30
h: ~
i: 0x1F
k: 1_000
l: "x"
m: 'a''b'
n: !!str 5
o: 5.0
p: 5.10
r: +5
s: 0b11
u: =
v: yes
w: -014
x: 08
y: .5
z: 1e400
1: one
1.5: f
bin: !!binary aGVsbG8=
own: !foo bar
text: |
  a
   b

  c
fold: >-
  x
  y
multi: plain
  continued
empty:
`
  expect(values(text)[0]).toEqual({
    a: true,
    b: true,
    c: 12,
    d: 12,
    e: 1000,
    f: '2024-01-01',
    g: '1:30',
    h: null,
    i: 31,
    k: 1000,
    l: 'x',
    m: "a'b",
    false: '5',
    o: 5,
    p: 5.1,
    r: 5,
    s: 3,
    u: '=',
    v: true,
    w: -12,
    x: 8,
    true: 0.5,
    z: '1e400',
    1: 'one',
    1.5: 'f',
    bin: 'hello',
    own: 'bar',
    text: 'a\n b\n\nc\n',
    fold: 'x y',
    multi: 'plain continued',
    empty: null,
  })
})

test('documents, merges and source positions', () => {
  const text =
    '# head\nbase: &b {a: 1, b: 2}\ndata:\n  <<: *b\n  b: 3\nlist:\n  - <<: [*b, {c: 5}]\n---\n---\n# only a comment\n---\nname: web\n'
  const result = readYaml(text)
  if ('error' in result) throw new Error(result.error.message)
  expect(result.documents.map((document) => [document.startLine, document.value])).toEqual([
    [1, { base: { a: 1, b: 2 }, data: { a: 1, b: 3 }, list: [{ a: 1, b: 2, c: 5 }] }],
    [12, { name: 'web' }],
  ])
  const node = yamlNodeAt(result.documents[0].root, ['data', 'b'])
  expect(node && lineColumn(text, node.start)).toEqual({ line: 5, column: 6 })
  expect(node && text.slice(node.start, node.end)).toBe('3')
  expect(yamlNodeAt(result.documents[0].root, ['data', 'nothing'])).toBe(null)
})

// Right column recorded from kubectl 1.33.1 (`kubectl label --local`).
test.each([
  ['a: a: b\n', '4:4 yaml: line 4: mapping values are not allowed in this context'],
  ['m:\n\tname: x\n', '5:1 yaml: line 5: found character that cannot start any token'],
  ['m:\n  name: x\n bad: 1\n', '6:1 yaml: line 5: did not find expected key'],
  ['n: "x\n', '5:1 yaml: line 5: found unexpected end of stream'],
  ['m: [a, b\n', "5:1 yaml: line 4: did not find expected ',' or ']'"],
  ['m: *x\n', "4:4 yaml: unknown anchor 'x' referenced"],
  ['k: v\n  metadata: {name: x}\n', '4:4 yaml: line 5: mapping values are not allowed in this context'],
  ['b: ]\n', '4:4 yaml: line 3: did not find expected node content'],
  ['b: @x\n', '4:4 yaml: line 4: found character that cannot start any token'],
  ['b: "\\q"\n', '4:5 yaml: line 4: found unknown escape character'],
  ['b\n', "4:1 yaml: line 5: could not find expected ':'"],
  ['b:\n- x\n  y: 1\n', '5:3 yaml: line 6: mapping values are not allowed in this context'],
  ['b:\n  - x: 1\n   - c: 1\n', "6:4 yaml: line 5: did not find expected '-' indicator"],
  ['b: 1\n- c\n', '5:1 yaml: line 4: did not find expected key'],
  ['b: {"name": "x" "d": 3}\n', "4:17 yaml: line 3: did not find expected ',' or '}'"],
  ['b: {a\n', "5:1 yaml: line 4: did not find expected ',' or '}'"],
  ['b: - x\n', '4:4 yaml: line 4: block sequence entries are not allowed in this context'],
  ['b: {{ .Values.x }}\n', '4:5 yaml: invalid map key'],
  ['b: .inf\n', '4:4 json: unsupported value: +Inf'],
])('fault in %j', (tail, expected) => {
  expect(fault(`apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n${tail}`)).toBe(expected)
})

test('a fault in the second document counts its lines from there, and keeps the first', () => {
  const result = readYaml('a: 1\n---\nb: 1\nc: 2\n  d: 3\n')
  if (!('error' in result)) throw new Error('no fault')
  expect([result.error.line, result.error.goText, result.before.length]).toEqual([
    4,
    'yaml: line 3: mapping values are not allowed in this context',
    1,
  ])
})

test('equal keys are an error, or the last one counts as in kubectl', () => {
  expect(fault('a: 1\nb: 2\na: 3\n')).toBe('3:1 yaml: unmarshal errors:\n  line 3: key "a" already set in map')
  const result = readYaml('a: 1\nb: 2\na: 3\n', { duplicateKeys: 'allow' })
  expect('documents' in result && [result.documents[0].value, result.documents[0].duplicates]).toEqual([
    { a: 3, b: 2 },
    [{ key: 'a', line: 3, column: 1, start: 10, end: 11 }],
  ])
})

test('a key named __proto__ is only a key', () => {
  expect(Object.keys(values('__proto__: {x: 1}\nconstructor: 2\n')[0] as object)).toEqual(['__proto__', 'constructor'])
})

const level = (n: number): string =>
  `${String.fromCharCode(97 + n)}: &${String.fromCharCode(97 + n)} [${Array.from({ length: 9 }, () => (n === 0 ? 'x' : `*${String.fromCharCode(96 + n)}`)).join(',')}]\n`

test.each([
  ['laughing aliases', Array.from({ length: 9 }, (_, n) => level(n)).join(''), /more than 200000 nodes|more than 100 aliases/],
  ['101 aliases', `a: &a 1\nb: [${'*a,'.repeat(101)}]\n`, /more than 100 aliases/],
  ['an anchor in itself', 'a: &a [*a]\n', /contains itself/],
  ['open brackets', '['.repeat(3_000_000), /nested deeper than 100/],
  ['compact lists', '- '.repeat(1_500_000), /nested deeper than 100/],
  ['compact maps', 'a: {'.repeat(700_000), /nested deeper than 100/],
  ['depth 101', `${'['.repeat(101)}${']'.repeat(101)}`, /nested deeper than 100/],
  ['too much text', ' '.repeat(3 * 1024 * 1024 + 1), /larger than/],
  ['too many bytes', 'é'.repeat(1024 * 1024 * 2), /larger than/],
  ['too many nodes', `[${'1,'.repeat(200_001)}]`, /more than 200000 nodes/],
  ['blank lines', '\n'.repeat(3_000_000), /too many tokens/],
])(
  'bomb: %s',
  (_, text, expected) => {
    const result = readYaml(text)
    expect('error' in result && result.error.message).toMatch(expected)
  },
  10_000,
)

test('depth 99 and a large honest list are fine', () => {
  expect(values(`${'['.repeat(99)}${']'.repeat(99)}`)).toHaveLength(1)
  expect((values('- a: b\n'.repeat(20_000))[0] as unknown[]).length).toBe(20_000)
})
