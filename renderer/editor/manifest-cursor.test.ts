import { expect, test } from 'vitest'
import { objectAt } from './manifest-cursor.ts'

const TWO = `# a deployment
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 2
---
apiVersion: v1
kind: Service
metadata:
  name: tomcat-service
  namespace: shop
spec:
  ports:
    - nodePort: 31002 # outside
      targetPort: "http"
`
const at = (line: number, text = TWO) => {
  const found = objectAt(text, line)
  return found === null ? 'nothing' : `${found.kind} ${found.namespace}/${found.name} ${found.field}=${found.words.join(' ')}`
}

test('each line belongs to the document that it stands in', () => {
  expect([1, 3, 7, 10, 16, 17].map((line) => at(line))).toEqual([
    'Deployment /web =',
    'Deployment /web kind=Deployment',
    'Deployment /web replicas=2',
    'Service shop/tomcat-service kind=Service',
    'Service shop/tomcat-service nodePort=31002',
    'Service shop/tomcat-service targetPort=http',
  ])
})

test('half a manifest is no object, and breaks nothing', () => {
  expect(
    ['', 'kind: Pod', 'kind: Pod\nmetadata:\n  name:', '- a\n- b', 'a: [', '\t: {', 'kind: !!binary x\nmetadata: {name: &a [*a]}'].map(
      (text) => at(1, text),
    ),
  ).toEqual(Array.from({ length: 7 }, () => 'nothing'))
})

test('a text that is too large is not read at every key', () => {
  expect(at(1, `kind: Pod\nmetadata:\n  name: a\n${'# x\n'.repeat(300_000)}`)).toBe('nothing')
})
