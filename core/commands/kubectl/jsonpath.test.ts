import { expect, test } from 'vitest'
import { evaluateJsonPath, JsonPath } from './jsonpath.ts'

const list = {
  kind: 'List',
  items: [
    {
      kind: 'None',
      metadata: { name: '127.0.0.1', labels: { 'kubernetes.io/hostname': '127.0.0.1' } },
      status: { capacity: { cpu: '4' }, addresses: [{ type: 'LegacyHostIP', address: '127.0.0.1' }] },
    },
    {
      kind: 'None',
      metadata: { name: '127.0.0.2' },
      status: {
        capacity: { cpu: '8' },
        addresses: [
          { type: 'LegacyHostIP', address: '127.0.0.2' },
          { type: 'another', address: '127.0.0.3' },
        ],
      },
    },
  ],
  users: [
    { name: 'myself', user: {} },
    { name: 'e2e', user: { username: 'admin', password: 'secret', uid: 7 } },
  ],
}

const text = (template: string, object: unknown = list): unknown => {
  const path = JsonPath.parse(template)
  return typeof path === 'string' ? { parse: path } : path.text(object)
}

// The examples of upstream's documentation and parser tests.
test.each([
  ['kind is {.kind}', 'kind is List'],
  ['{.kind}', 'List'],
  ["{['kind']}", 'List'],
  ['{..name}', '127.0.0.1 127.0.0.2 myself e2e'],
  ['{.items[*].metadata.name}', '127.0.0.1 127.0.0.2'],
  ['{.users[0].name}', 'myself'],
  ['{.users[-1].name}', 'e2e'],
  ['{.users[0:1].name}', 'myself'],
  ['{.users[:].name}', 'myself e2e'],
  ["{.items[*]['metadata.name', 'status.capacity']}", ''],
  ["{.items[*]['kind','metadata']}", 'None None {"labels":{"kubernetes.io/hostname":"127.0.0.1"},"name":"127.0.0.1"} {"name":"127.0.0.2"}'],
  ['{.users[?(@.name=="e2e")].user.password}', 'secret'],
  ["{.users[?(@.name!='e2e')].name}", 'myself'],
  ['{.users[?(@.user.uid>6)].name}', 'e2e'],
  ['{.users[?(@.user.username)].name}', 'e2e'],
  ['{.items[*].status.addresses[?(@.type=="another")].address}', '127.0.0.3'],
  ['{.items[0].metadata.labels.kubernetes\\.io/hostname}', '127.0.0.1'],
  ['{range .items[*]}[{.metadata.name}, {.status.capacity}] {end}', '[127.0.0.1, {"cpu":"4"}] [127.0.0.2, {"cpu":"8"}] '],
  ['{range .items[*]}{.metadata.name}{"\\t"}{.status.capacity.cpu}{"\\n"}{end}', '127.0.0.1\t4\n127.0.0.2\t8\n'],
  ['{range .items[*]}{range .status.addresses[*]}{.address},{end}{end}', '127.0.0.1,127.0.0.2,127.0.0.3,'],
  ['{.nothing.here}', ''],
  ['{$.kind}', 'List'],
  ['{.users[1].user.uid}', '7'],
  ['{.items', { parse: 'unclosed action' }],
  ['{.items[}', { parse: 'unterminated array' }],
  ['{end}', { parse: 'not in range, nothing to end' }],
  ['{.users[?(@.name]}', { parse: 'unterminated filter' }],
  ['{hello}', { parse: 'unrecognized identifier hello' }],
])('template %s', (template, expected) => {
  expect(text(template)).toEqual(expected)
})

test('missing fields are errors where asked for', () => {
  const path = JsonPath.parse('{.items[0].nothing}')
  expect(typeof path === 'string' ? path : path.text(list, { allowMissing: false })).toEqual({ error: 'nothing is not found' })
})

test('values of a bare path', () => {
  expect(evaluateJsonPath('.items[*].status.capacity.cpu', list)).toEqual(['4', '8'])
  expect(evaluateJsonPath('kind', list)).toEqual(['List'])
  expect(evaluateJsonPath('{.users[1].user}', list)).toEqual([{ username: 'admin', password: 'secret', uid: 7 }])
})
