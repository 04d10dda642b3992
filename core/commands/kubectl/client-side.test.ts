import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { KubectlWorld } from '../../../test/support/kubectl-world.ts'

const file = (name: string): string => readFileSync(new URL(`./testdata/${name}`, import.meta.url), 'utf8')

/** What kubectl 1.33.1 answered, with a server that knows pods, services, nodes, deployments and has no objects. */
const recorded = file('client-side.kubectl-1.33.txt')
  .split(/^\$ kubectl /m)
  .slice(1)
  .map((block) => {
    const end = block.indexOf('\n')
    return [block.slice(0, end), block.slice(end + 1)] as const
  })

const world = new KubectlWorld({ nodes: 0 })
world.file('/root/.kube/config', file('kubeconfig.yaml'))
for (const [name, text] of Object.entries({
  'c.env': 'k=v\n# c\n\nq=1 2\n',
  'c.txt': 'hello\nworld\n',
  'dir/a': 'a\n',
  'dir/b': 'b\n',
  'noversion.yaml': 'kind: ConfigMap\nmetadata: {name: x}\n',
  'nokind.yaml': 'apiVersion: v1\nmetadata: {name: x}\n',
  'text.yaml': 'just text\n',
  'list.yaml': '- a\n- b\n',
  'empty.yaml': '',
  'bad.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n  labels: a: b\n',
  'tab.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n\tname: x\n',
}))
  world.file(`/root/${name}`, text)
world.machine.fs.mkdir('/root/emptydir')

test.each(recorded)('kubectl %s', (line, expected) => {
  // Hints are ours.
  const answer = world.run(line).replace(/^hint: .*\n/gm, '')
  expect(answer).toBe(expected)
})
