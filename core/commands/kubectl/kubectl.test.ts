import { readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { KubectlWorld } from '../../../test/support/kubectl-world.ts'
import type { CommandSpec } from './command-line.ts'
import { rootCommand } from './root-command.ts'

const WEB = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 2
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
      - name: nginx
        image: nginx:1.27
        ports:
        - containerPort: 80
        resources: {requests: {cpu: 100m, memory: 64Mi}}
---
apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  selector: {app: web}
  ports:
  - port: 80
`

/** Without what other parts of the world choose at random; the length stays, because columns depend on it. */
function masked(text: string): string {
  const same =
    (sign: string) =>
    (found: string): string =>
      found.replace(/[a-z0-9]/g, sign)
  return text
    .replace(/(?<=\bweb-)(?:[a-z0-9]{8,10}(?:-[a-z0-9]{5})?|[a-z0-9]{5})\b/g, same('h'))
    .replace(/(?<=\b10\.(?:96|244)\.)\d+\.\d+\b/g, same('n'))
    .replace(/(?<=(?:uid|UID|"uid"):\s+"?)[0-9a-f-]{36}/g, same('u'))
    .replace(/(?<=(?:resourceVersion"?|Resource Version):\s+"?)\d+/g, same('n'))
    .replace(/\b3[0-2]\d{3}(?=\/TCP)/g, same('n'))
    .replace(/(?<=pod-template-hash=)[a-z0-9]+/g, same('h'))
}

/**
 * A transcript: lines to type and what the screen showed. With UPDATE_TRANSCRIPTS in the environment the file is written anew;
 * read the difference before you keep it.
 */
function transcript(world: KubectlWorld, name: string): void {
  const path = new URL(`./testdata/${name}`, import.meta.url)
  const expected = readFileSync(path, 'utf8')
  const lines = [...expected.matchAll(/^\$ kubectl (.*)$/gm)].map((match) => match[1])
  const actual = lines
    .map((line) => `$ kubectl ${line}\n${masked(world.run(line))}`)
    .join('')
    .replace(/([^\n])\$ kubectl /g, '$1\n$ kubectl ')
  if (process.env.UPDATE_TRANSCRIPTS) writeFileSync(path, actual)
  else expect(actual).toBe(expected)
}

test('a deployment and its service, from apply to delete', () => {
  const world = new KubectlWorld()
  world.file('/root/web.yaml', WEB)
  transcript(world, 'deployment.transcript.txt')
})

test('labels, patches, nodes, refusals', () => {
  const world = new KubectlWorld()
  world.file(
    '/root/strict.yaml',
    'apiVersion: v1\nkind: Pod\nmetadata: {name: s}\nspec:\n  containers:\n  - name: a\n    image: nginx\n    portz: []\n  extra: 1\n',
  )
  world.file(
    '/root/several.yaml',
    'apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {ports: [{port: 99999}]}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: ok}\ndata: {a: b}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: ok2, namespace: nope}\n',
  )
  transcript(world, 'objects.transcript.txt')
})

test("the misspelt manifests of old articles: upstream's error, and what to write today", () => {
  const world = new KubectlWorld({ nodes: 0 })
  world.file(
    '/root/pod.yaml',
    'apiSerdion: v1\nkind: Pod\nmatadata:\n  name: myweb\n  spec:\n    containers:\n    - name: myweb\n      image: kubeguide/tomcat-app:v1\n',
  )
  world.file(
    '/root/rc.yaml',
    'apiVersion: v1\nkind: ReplicationController\nmetadata:\n  name: frontend\nspec:\n  replicas: 1\n  selector:\n    tier: frontend\n  templete:\n    metadata:\n      labels: {tier: frontend}\n    spec:\n      containers:\n      - {name: a, image: b}\n',
  )
  world.file(
    '/root/tomcat-deployment.yaml',
    'apiVersion:  extension/v1beta1\nkind: Deployment\nmetadata:\n  name: frontend\nspec:\n  replicas: 1\n',
  )
  world.file(
    '/root/hpa.yaml',
    'apiVersion: autoscaling/v1\nkind: HorizontalPodAutoscaler\nmatadata:\n  name: php-apache\nspec:\n  maxReplica: 10\n  scaleTargetRef:\n    kind: Deployment\n    name: php-apache\n',
  )
  world.file('/root/broken.yaml', 'apiVersion: v1\nkind: Pod\nmetadata:\n\tname: x\n')
  transcript(world, 'misspelt.transcript.txt')
})

test('a watch shows rows as they come', () => {
  const world = new KubectlWorld()
  const { clock } = world.control
  clock.after(2_000_000, () => world.control.client.create('configmaps', 'default', { metadata: { name: 'late' } }))
  clock.after(3_000_000, () => world.control.client.delete('configmaps', 'default', 'late'))
  world.control.client.create('configmaps', 'default', { metadata: { name: 'early' }, data: { a: 'b' } })
  expect(
    world.run('get configmaps -w --output-watch-events --field-selector=metadata.name!=kube-root-ca.crt', { forUs: 10_000_000 }),
  ).toBe(`EVENT   NAME    DATA   AGE
ADDED   early   1      0s
ADDED   late    0      0s
DELETED   late    0      1s
`)
})

test('without a server every command says so', () => {
  const world = new KubectlWorld({ nodes: 0 })
  world.refused = 'The connection to the server 172.18.0.2:6443 was refused - did you specify the right host or port?'
  expect(world.run('get pods')).toBe(`${world.refused}\n[1]\n`)
  expect(world.run('apply -f -', { stdin: WEB })).toBe(`${world.refused}\n[1]\n`)
  expect(world.run('version')).toBe(`Client Version: v1.36.0\nKustomize Version: v5.8.0\n${world.refused}\n[1]\n`)
  expect(world.run('version --client')).toBe('Client Version: v1.36.0\nKustomize Version: v5.8.0\n')
})

test('the namespace comes from the command line, else from the kubeconfig', () => {
  const world = new KubectlWorld({ nodes: 0 })
  world.file('/root/.kube/config', readFileSync(new URL('./testdata/kubeconfig.yaml', import.meta.url), 'utf8'))
  expect(world.run('get pods --context dev')).toBe('No resources found in dev namespace.\n')
  expect(world.run('get pods -n other --context dev')).toBe('No resources found in other namespace.\n')
  expect(world.run('config set-context --current --namespace web')).toBe('Context "lab" modified.\n')
  expect(world.run('get pods')).toBe('No resources found in web namespace.\n')
})

test('tab offers commands, types, live names, namespaces and flags', () => {
  const world = new KubectlWorld()
  world.control.client.create('configmaps', 'default', { metadata: { name: 'settings' } })
  const found = world.machine.fs.executable('/usr/bin/kubectl')
  if (typeof found === 'string') throw new Error(found)
  const process = world.machine.spawn({ argv: ['kubectl', 'version'], cwd: '/root', fds: new Map() })
  const offer = (line: string): string[] => {
    const words = line.split(' ')
    const word = words.at(-1) ?? ''
    return (found.complete?.(process, words, words.length - 1) ?? []).filter((candidate) => candidate.startsWith(word))
  }
  expect(offer('kubectl roll')).toEqual(['rollout'])
  expect(offer('kubectl rollout st')).toEqual(['status'])
  expect(offer('kubectl get deploymen')).toEqual(['deployments'])
  expect(offer('kubectl get po')).toEqual(['po', 'poddisruptionbudgets', 'pods'])
  expect(offer('kubectl get pods,se')).toEqual(['pods,secrets', 'pods,serviceaccounts', 'pods,services'])
  expect(offer('kubectl get cm sett')).toEqual(['settings'])
  expect(offer('kubectl describe cm/sett')).toEqual(['cm/settings'])
  expect(offer('kubectl get lease -n kube-node-lease worker-')).toEqual(['worker-1', 'worker-2'])
  expect(offer('kubectl get pods -n kube-s')).toEqual(['kube-system'])
  expect(offer('kubectl get pods --names')).toEqual(['--namespace='])
  expect(offer('kubectl drain worker-')).toEqual(['worker-1', 'worker-2'])
  expect(offer('kubectl get pods -o ya')).toEqual(['yaml'])
  expect(offer('kubectl nonsense x')).toEqual([])
})

test('nothing that is typed ends in a bug or in nonsense', () => {
  const world = new KubectlWorld()
  world.file('/root/web.yaml', WEB)
  const commands: string[] = []
  const walk = (command: CommandSpec, path: string): void => {
    commands.push(path)
    for (const each of command.commands ?? []) walk(each, `${path} ${each.name}`.trim())
  }
  walk(rootCommand, '')
  const tails = [
    '',
    'x',
    'pods',
    'pods p',
    'pod/p',
    '-f web.yaml',
    '-o yaml',
    '--help',
    'pods -l a=b',
    '-A',
    'x=y',
    '--dry-run=client x',
    '--dry-run=server pod p a=b',
    'nodes worker-1 a=b:NoSchedule',
    'deployment x --image=y --replicas=-1',
    '-f -',
    '--all',
    'pods --all',
    '-- x y',
    'x --image=nginx -o json',
    'cm/a -o jsonpath={.a[}',
    '-n nope x',
  ]
  const odd: string[] = []
  for (const command of commands.filter((each) => each !== 'edit')) {
    for (const tail of tails) {
      const screen = world.run(`${command} ${tail}`, { forUs: 3_000_000, stdin: 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: z}\n' })
      if (/undefined|\[object|NaN/.test(screen)) odd.push(`kubectl ${command} ${tail}`)
    }
  }
  expect(odd).toEqual([])
})
