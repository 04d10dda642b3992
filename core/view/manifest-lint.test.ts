import { expect, test } from 'vitest'
import { kubernetesSchema as schema } from '../api/schema/kubernetes-schema.ts'
import { applyEdits, lintManifest } from './manifest-lint.ts'

function lines(text: string): string[] {
  return lintManifest(text, schema).map(
    ({ range: r, code, severity, message, fix }) =>
      `${r.startLine}:${r.startColumn}-${r.endLine}:${r.endColumn} ${severity === 'warning' ? 'warning ' : ''}${code}: ${message}${fix ? ` [${fix.title}]` : ''}`,
  )
}

/** Takes every quick fix, one at a time, as a person would. */
function mended(text: string): string {
  let current = text
  for (let i = 0; i < 20; i += 1) {
    const fix = lintManifest(current, schema).find((diagnostic) => diagnostic.fix)?.fix
    if (!fix) break
    current = applyEdits(current, fix.edits)
  }
  return current
}

const pod = `apiSerdion: v1
kind: Pod
matadata:
  name: myweb
  labels:
    name: myweb
  spec:
    containers:
    - name: myweb
      image: kubeguide/tomcat-app:v1
      ports:
      - containerPort: 8080
      env:
      - name: MYSQL_SERVICE_HOST
        value: 'mysql'
      - name: MYSQL_SERVICE_PORT
        value: '3306'
`

const controller = `apiVersion: v1
kind: ReplicationController
metadata:
  name: frontend
spec:
  replicas: 1
  selector:
    tier: frontend
  templete:
    metadata:
      labels:
        app: app-demo
        tier: frontend
    spec:
      containers:
      - name: tomcat-demo
        image: tomcat
        imagePullPolicy: IfNotPresent
        env:
        - name: GET_HOSTS_FROM
          value: dns
        ports:
        - containerPort: 80
`

const deployment = `apiVersion:  extension/v1beta1
kind: Deployment
matadata:
  name: frontend
spec:
  replica: 1
  selector:
    matchLabels:
      tier: frontend
    matchExpressions:
      - {key: tier, operator: In, values: [frontend]}
  template:
    matadata:
      labels:
        app: app-demo
      spec:
        containers:
        - name: tomcat-demo
          image: tomcat
          imagePullPolicy: IfNotPresent
          ports:
          - containerPort: 8080
`

const autoscaler = `apiVersion: autoscaling/v1
kind: HorizontalPodAutoscaler
matadata:
  name: php-apache
  namespace: default
spec:
  maxReplica: 10
  minReplica: 1
  scaleTargetRef:
    kind: Deployment
    name: php-apache
  targetCPUUtilizationPercentage: 90
`

test('the pod of the old article', () => {
  expect(lines(pod)).toEqual([
    '1:1-1:11 unknown-field: unknown field "apiSerdion": did you mean "apiVersion"? [Change to apiVersion]',
    '3:1-3:9 unknown-field: unknown field "matadata": did you mean "metadata"? [Change to metadata]',
    '7:3-7:7 misplaced-field: "spec" is indented under "matadata": it belongs beside it, as spec [Move spec beside matadata]',
  ])
  expect(mended(pod)).toBe(
    pod
      .replace('apiSerdion', 'apiVersion')
      .replace('matadata', 'metadata')
      .replace(/ {2}spec:[\s\S]*/, (tail) => tail.replace(/^ {2}/gm, '')),
  )
  expect(lines(mended(pod))).toEqual([])
})

test('its replication controller', () => {
  expect(lines(controller)).toEqual([
    '9:3-9:11 unknown-field: unknown field "spec.templete": did you mean "template"? [Change to template]',
  ])
  expect(lines(mended(controller))).toEqual([])
})

test('its deployment', () => {
  expect(lines(deployment)).toEqual([
    '1:14-1:31 removed-api-version: Deployment in extension/v1beta1 is no longer served: write apiVersion: apps/v1 [Change to apps/v1]',
    '3:1-3:9 unknown-field: unknown field "matadata": did you mean "metadata"? [Change to metadata]',
    '6:3-6:10 unknown-field: unknown field "spec.replica": did you mean "replicas"? [Change to replicas]',
    '9:7-9:21 selector-mismatch: the selector wants tier=frontend, but the pod template has no label tier: the server refuses a selector that does not match its template [Add the label tier: frontend to the template]',
    '13:5-13:13 unknown-field: unknown field "spec.template.matadata": did you mean "metadata"? [Change to metadata]',
    '16:7-16:11 misplaced-field: "spec" is indented under "matadata": it belongs beside it, as spec.template.spec [Move spec beside matadata]',
  ])
  expect(mended(deployment)).toBe(`apiVersion:  apps/v1
kind: Deployment
metadata:
  name: frontend
spec:
  replicas: 1
  selector:
    matchLabels:
      tier: frontend
    matchExpressions:
      - {key: tier, operator: In, values: [frontend]}
  template:
    metadata:
      labels:
        tier: frontend
        app: app-demo
    spec:
      containers:
      - name: tomcat-demo
        image: tomcat
        imagePullPolicy: IfNotPresent
        ports:
        - containerPort: 8080
`)
  expect(lines(mended(deployment))).toEqual([])
})

test('its autoscaler', () => {
  expect(lines(autoscaler)).toEqual([
    '3:1-3:9 unknown-field: unknown field "matadata": did you mean "metadata"? [Change to metadata]',
    '7:3-7:13 unknown-field: unknown field "spec.maxReplica": did you mean "maxReplicas"? [Change to maxReplicas]',
    '8:3-8:13 unknown-field: unknown field "spec.minReplica": did you mean "minReplicas"? [Change to minReplicas]',
  ])
  expect(lines(mended(autoscaler))).toEqual([])
})

test('types, quotes, duplicates, missing fields, several documents', () => {
  const text = `apiVersion: v1
kind: Pod
metadata: {name: x, labels: {v: 1.10, on: "y"}}
spec:
  containers:
    name: a
    image: x
---
apiVersion: v1
kind: Service
metadata:
  name: s
spec:
  ports:
  - port: "80"
    targetPort: http
  - targetPort: 81
    protocol: true
  type: NodePort
  type: ClusterIP
---
apiVersion: v1
kind: ConfigMap
data:
  port: 8080
  yes: no
`
  expect(lines(text)).toEqual([
    '3:33-3:37 wrong-type: metadata.labels.v must be text, not a number: put it in quotes [Put it in quotes]',
    '6:5-7:13 wrong-type: spec.containers must be a list, not a map: begin each item with "- "',
    '15:11-15:15 wrong-type: spec.ports[0].port must be a whole number, not text [Remove the quotes]',
    '17:5-17:15 missing-field: spec.ports[1].port is missing: ServicePort needs it',
    '18:15-18:19 wrong-type: spec.ports[1].protocol must be text, not the boolean true: put it in quotes [Put it in quotes]',
    '20:3-20:7 warning duplicate-key: "type" stands twice here; the last one counts',
    '22:1-22:11 missing-name: metadata.name is missing: the ConfigMap needs a name',
    '25:9-25:13 wrong-type: data.port must be text, not a number: put it in quotes [Put it in quotes]',
    '26:8-26:10 wrong-type: data.true must be text, not the boolean false: put it in quotes [Put it in quotes]',
  ])
})

test('kinds, versions, indentation to the left, syntax', () => {
  expect(lines('apiVersion: apps/v1\nkind: Deploymnet\nmetadata: {name: x}\n')).toEqual([
    '2:7-2:17 unknown-kind: there is no kind Deploymnet: did you mean Deployment? [Change to Deployment]',
  ])
  expect(lines('apiVersion: v1\nkind: Deployment\nmetadata: {name: x}\n')[0]).toBe(
    '1:13-1:15 unknown-api-version: Deployment in v1 does not exist: write apiVersion: apps/v1 [Change to apps/v1]',
  )
  expect(lines('apiVersion: example.com/v1\nkind: Widget\nspec: {a: 1}\n')).toEqual([])
  expect(lines('kind: Pod\nmetadata:\n  name: x\nspec:\ncontainers:\n- name: a\n')).toEqual([
    '1:1-1:5 missing-api-version: apiVersion is missing [Add apiVersion: v1]',
    '5:1-5:11 misplaced-field: "containers" belongs under "spec", as spec.containers: indent it [Indent containers under spec]',
  ])
  expect(mended('kind: Pod\nmetadata:\n  name: x\nspec:\ncontainers:\n- name: a\n')).toBe(
    'apiVersion: v1\nkind: Pod\nmetadata:\n  name: x\nspec:\n  containers:\n  - name: a\n',
  )
  expect(lines('apiVersion: v1\nkind: Pod\nmetadata:\n\tname: x\n')).toEqual([
    '4:1-4:2 yaml-syntax: tabs cannot indent YAML: use spaces [Replace the tabs of this line with spaces]',
  ])
  expect(lines('- a\n')).toEqual(['1:1-1:4 not-an-object: a manifest is a map that begins with apiVersion and kind'])
  expect(lines('')).toEqual([])
})
