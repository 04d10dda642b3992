/** Manifests in the style of what people find on the web: applied as they are, and asked what their users would ask. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { Cluster } from '../../core/cluster/cluster.ts'
import { bootedCluster, sh } from '../support/cluster.ts'

const WORKSTATION = 'workstation'

/** A world with these manifests, a pod with tools, and so many seconds passed. */
function worldOf(
  files: readonly string[],
  seconds: number,
): { cluster: Cluster; said: string; run: (line: string) => string; box: (line: string) => string } {
  const cluster = bootedCluster()
  const run = (line: string): string => sh(cluster, WORKSTATION, line)
  run('kubectl run box --image=nicolaka/netshoot -- sleep infinity')
  let said = ''
  for (const file of files) {
    const text = readFileSync(new URL(`manifests/${file}.yaml`, import.meta.url), 'utf8')
    cluster.machines.get(WORKSTATION)?.fs.write(`/root/${file}.yaml`, text)
    said += run(`kubectl apply -f ${file}.yaml`)
  }
  run(`sleep ${seconds}`)
  return { cluster, said, run, box: (line) => run(`kubectl exec box -- sh -c '${line}'`) }
}

/** `kubectl get pods` without what depends on chance or the moment. */
function pods(run: (line: string) => string, options = ''): string[] {
  return run(`kubectl get pods --no-headers ${options}`)
    .trim()
    .split('\n')
    .map((line) => {
      const [name, ready, status, restarts] = line.replace(/ \([^)]* ago\)/, '').split(/\s+/)
      return `${name.replace(/-[a-z0-9]{6,10}-[a-z0-9]{5}$/, '-*').replace(/-(?=[a-z0-9]*\d)[a-z0-9]{5}$/, '-*')} ${ready} ${status} ${restarts}`
    })
    .filter((line) => !line.startsWith('box '))
}

function times(count: number, line: string): string[] {
  return Array<string>(count).fill(line)
}

test('guestbook: followers copy their leader, also after it was replaced; the frontend answers from outside', () => {
  const { run, cluster } = worldOf(['guestbook'], 5)
  expect(pods(run)).toEqual([
    ...times(3, 'frontend-* 1/1 Running 0'),
    ...times(2, 'redis-follower-* 1/1 Running 0'),
    'redis-leader-* 1/1 Running 0',
  ])
  expect(
    run(
      'kubectl exec deploy/redis-leader -- redis-cli set guest 你好; kubectl exec deploy/redis-follower -- redis-cli get guest 2>/dev/null',
    ),
  ).toContain('OK\n')
  expect(run('kubectl exec box -- sh -c "printf \'GET guest\\r\\n\' | nc -w 1 redis-follower 6379"')).toBe('$6\r\n你好\r\n')
  expect(run('kubectl exec deploy/redis-follower -- redis-cli set guest b')).toContain(
    "READONLY You can't write against a read only replica.",
  )
  expect(run('kubectl delete pod -l role=leader; sleep 6; kubectl exec deploy/redis-leader -- redis-cli incr n')).toMatch(/deleted\n1\n$/)
  expect(run('kubectl exec box -- sh -c "printf \'GET n\\r\\n\' | nc -w 1 redis-follower 6379"')).toBe('$1\r\n1\r\n')
  expect(sh(cluster, 'client', 'curl -s -m 3 http://worker-1:30081/')).toMatch(/^frontend-[a-z0-9]+-[a-z0-9]+\n$/)
  expect(run('kubectl get svc frontend --no-headers')).toMatch(/^frontend +LoadBalancer +\S+ +<pending> +80:30081\/TCP/)
})

test('WordPress with MySQL: claims are bound, secrets become variables, the database greets', () => {
  const { run, box, cluster } = worldOf(['wordpress'], 5)
  expect(pods(run)).toEqual(['wordpress-* 1/1 Running 0', 'wordpress-mysql-* 1/1 Running 0'])
  expect(
    run('kubectl get pvc --no-headers -o custom-columns=N:.metadata.name,S:.status.phase,V:.spec.volumeName').replace(/ +/g, ' '),
  ).toBe('mysql-pv-claim Bound mysql-disk\nwp-pv-claim Bound wp-disk\n')
  expect(run('kubectl exec deploy/wordpress -- env | grep WORDPRESS_DB | sort')).toBe(
    'WORDPRESS_DB_HOST=wordpress-mysql\nWORDPRESS_DB_PASSWORD=s3cr3t\n',
  )
  expect(box('nc -w 1 wordpress-mysql 3306 | head -c 12 | tail -c 7')).toMatch(/8\.\d\.\d/)
  expect(run('kubectl logs deploy/wordpress-mysql')).toMatch(
    /^2026-01-01 00:00:0\d\+00:00 \[Note\] \[Entrypoint\]: Entrypoint script for MySQL Server .*\n2026-01-01T00:00:0\d\.\d{6}Z 0 \[System\] \[MY-010931\] \[Server\] \/usr\/sbin\/mysqld: ready for connections/,
  )
  expect(sh(cluster, 'client', 'curl -s -m 3 http://worker-2:30088/')).toMatch(/^wordpress-/)
  run('kubectl exec deploy/wordpress -- sh -c "echo kept > /var/www/html/note"; kubectl delete pod -l tier=frontend; sleep 5')
  expect(run('kubectl exec deploy/wordpress -- cat /var/www/html/note')).toBe('kept\n')
})

test('nginx with a configuration out of a ConfigMap: a file in place, a proxy, probes on a named port', () => {
  const { run, box } = worldOf(['nginx-conf'], 6)
  expect(pods(run)).toEqual(['backend-* 1/1 Running 0', ...times(2, 'gateway-* 1/1 Running 0')])
  expect([box('curl -s gateway'), box('curl -s gateway/api/'), box('curl -s gateway/healthz')]).toEqual([
    '<h1>From a ConfigMap</h1>\n',
    'hello from the backend\n',
    'healthy\n',
  ])
  expect(run('kubectl logs deploy/gateway')).toContain('"kube-probe/1.36"')
  expect(
    run('kubectl scale deploy/backend --replicas=0; sleep 3; kubectl exec box -- curl -s -o /dev/null -w "%{http_code}" gateway/api/'),
  ).toContain('502')
})

test('StatefulSet: names in order, one by one, found by name and by SRV', () => {
  const { run, box } = worldOf(['statefulset'], 6)
  expect(pods(run)).toEqual([0, 1, 2].map((i) => `web-${i} 1/1 Running 0`))
  expect([0, 1, 2].map((i) => box(`curl -s web-${i}.nginx`))).toEqual(['web-0\n', 'web-1\n', 'web-2\n'])
  expect(box('dig +short nginx.default.svc.cluster.local | wc -l').trim()).toBe('3')
  expect(box('dig +short SRV _web._tcp.nginx.default.svc.cluster.local | sort')).toBe(
    [0, 1, 2].map((i) => `0 33 80 web-${i}.nginx.default.svc.cluster.local.\n`).join(''),
  )
  run('kubectl delete pod web-1; sleep 3')
  expect(box('curl -s web-1.nginx')).toBe('web-1\n')
  expect(run('kubectl scale sts web --replicas=1; sleep 30; kubectl get pods --no-headers -l app=nginx')).toMatch(/scaled\nweb-0 .*\n$/)
})

test('DaemonSet with a host port: each machine answers for its own', () => {
  const { run, cluster } = worldOf(['daemonset'], 4)
  expect(pods(run)).toEqual(times(3, 'node-agent-* 1/1 Running 0'))
  for (const node of ['control-plane', 'worker-1', 'worker-2'])
    expect(sh(cluster, 'client', `curl -s http://${node}:9080/ | grep Name:`)).toBe(`Name: ${node}\n`)
})

test('replication controllers of the older books: web application and database find each other through variables', () => {
  const { run, cluster } = worldOf(['seeds-rc'], 5)
  expect(pods(run)).toEqual(['mysql-* 1/1 Running 0', ...times(2, 'myweb-* 1/1 Running 0')])
  expect(sh(cluster, 'client', 'curl -s http://worker-1:30001/demo/ | grep -c "<td>"')).toBe('6\n')
  run('kubectl scale rc myweb --replicas=3; sleep 3')
  expect(run('kubectl get rc myweb --no-headers').replace(/ +/g, ' ')).toMatch(/^myweb 3 3 3 /)
})

test('jobs: parallel, hopeless, and by the clock', () => {
  const { run } = worldOf(['jobs'], 125)
  expect(pods(run)).toEqual([
    ...times(2, 'hello-* 0/1 Completed 0'),
    ...times(3, 'hopeless-* 0/1 Error 0'),
    ...times(3, 'pi-* 0/1 Completed 0'),
  ])
  expect(
    run('kubectl get jobs pi hopeless --no-headers -o custom-columns=N:.metadata.name,S:.status.succeeded,F:.status.failed').replace(
      / +/g,
      ' ',
    ),
  ).toBe('pi 3 <none>\nhopeless <none> 3\n')
  expect(run('kubectl logs job/pi 2>/dev/null')).toBe('3.14159\n')
  expect(
    run('kubectl get events -o custom-columns=R:.reason --no-headers | sort | uniq -c | grep -e Backoff -e SawCompleted')
      .trim()
      .replace(/ +/g, ' '),
  ).toMatch(/1 BackoffLimitExceeded\n ?2 SawCompletedJob/)
  expect(run('kubectl logs $(kubectl get pods -o name | grep hello | head -1)')).toBe(
    'Thu Jan  1 00:01:00 UTC 2026\nHello from the Kubernetes cluster\n',
  )
})

test('containers that share, wait, end and fail', () => {
  const { run } = worldOf(['pods'], 20)
  expect(pods(run)).toEqual([
    'done 0/1 Completed 0',
    'ends 0/1 CrashLoopBackOff 2',
    'failing 0/1 CrashLoopBackOff 2',
    'myapp-pod 0/1 Init:0/1 0',
    'no-command 0/1 CrashLoopBackOff 2',
    'two-containers 2/2 Running 0',
    'wrong-command 0/1 CrashLoopBackOff 2',
  ])
  expect(run("kubectl exec box -- curl -s $(kubectl get pod two-containers -o jsonpath='{.status.podIP}')")).toBe(
    'Hello from the debian container\n',
  )
  expect(run('kubectl logs ends')).toBe('all done\n')
  expect(
    run(
      "kubectl get pod failing -o jsonpath='{.status.containerStatuses[0].lastState.terminated.exitCode}{.status.containerStatuses[0].lastState.terminated.reason}'",
    ),
  ).toBe('1Error')
  expect(run('kubectl describe pod wrong-command | grep -A 3 "Last State"')).toContain('exec: "ngnix": executable file not found in $PATH')
  expect(run('kubectl logs myapp-pod')).toContain('container "myapp-container" in pod "myapp-pod" is waiting to start: PodInitializing')
  run('kubectl create service clusterip myservice --tcp=80:9376; sleep 5')
  expect(run('kubectl logs myapp-pod 2>/dev/null')).toBe('The app is running!\n')
})

test('probes: restarted when they fail, out of service when they are not ready', () => {
  const { run, box } = worldOf(['probes'], 65)
  expect(pods(run)).toEqual([
    'goproxy 1/1 Running 0',
    'liveness-exec 1/1 Running 1',
    'liveness-http 0/1 CrashLoopBackOff 2',
    'never-ready 0/1 Running 0',
  ])
  expect(run('kubectl describe pod liveness-exec | grep Unhealthy').replace(/ +/g, ' ')).toMatch(
    /Liveness probe failed: cat: \/tmp\/healthy: No such file or directory/,
  )
  expect(run('kubectl describe pod never-ready | grep Unhealthy')).toContain(
    'Readiness probe failed: HTTP probe failed with statuscode: 404',
  )
  expect(box('curl -sS -m 2 http://never-ready')).toMatch(/Failed to connect to never-ready port 80.*\n.*exit code 7/s)
})

test('images that nobody knows listen on their ports and say who they are', () => {
  const { run, box } = worldOf(['unknown-images'], 12)
  expect(pods(run)).toEqual([
    'foo 1/1 Running 0',
    'foo-with-command 1/1 Running 0',
    'prometheus 1/1 Running 0',
    'shell-in-unknown 1/1 Running 0',
  ])
  expect([box('curl -s foo'), box('curl -s foo:9090/metrics'), box('echo hi | nc -u -w 1 foo 514')]).toEqual(['foo\n', 'foo\n', 'foo\n'])
  expect(run('kubectl logs foo | head -1')).toBe(
    '"ghcr.io/acme/foo:1.2" is not simulated: a stand-in answers on 8080/TCP, 9090/TCP, 5140/UDP in its place\n',
  )
  expect(run('kubectl describe pod foo | grep stand-in')).toContain('It is not simulated: a stand-in runs in its place.')
  expect(run("kubectl exec box -- curl -s $(kubectl get pod foo-with-command -o jsonpath='{.status.podIP}'):8080")).toBe(
    'foo-with-command\n',
  )
  expect(run('kubectl logs shell-in-unknown | tail -1')).toBe('started\n')
})

test('images that cannot be had, and why', () => {
  const { run } = worldOf(['bad-images'], 15)
  expect(pods(run)).toEqual([
    'never-pulled 0/1 ErrImageNeverPull 0',
    'no-registry 0/1 ImagePullBackOff 0',
    'upper-case 0/1 InvalidImageName 0',
    'wrong-tag 0/1 ImagePullBackOff 0',
  ])
  const why = (pod: string): string =>
    run(`kubectl get events --field-selector involvedObject.name=${pod},type=Warning --no-headers -o custom-columns=M:.message | head -1`)
  expect(why('upper-case')).toBe(
    'Failed to apply default image tag "MyRegistry/App:1.0": couldn\'t parse image name "MyRegistry/App:1.0": invalid reference format\n',
  )
  expect(why('wrong-tag')).toContain('docker.io/library/nginx:latst: not found')
  expect(why('never-pulled')).toBe('Container image "acme/private:1" is not present with pull policy of Never\n')
  expect(why('no-registry')).toContain('dial tcp: lookup registry.example.com: no such host')
})

test('pods that no node takes, and why', () => {
  const { run } = worldOf(['pending'], 5)
  expect(pods(run).sort()).toEqual([
    'apart-* 0/1 Pending 0',
    ...times(2, 'apart-* 1/1 Running 0'),
    'no-claim 0/1 Pending 0',
    'not-tolerated 0/1 Pending 0',
    'ssd-only 0/1 Pending 0',
    'tolerant 1/1 Running 0',
    'too-large 0/1 Pending 0',
  ])
  const why = (pod: string): string =>
    run(`kubectl get events --field-selector involvedObject.name=${pod},reason=FailedScheduling --no-headers -o custom-columns=M:.message`)
  expect(why('too-large')).toContain(
    '0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient cpu, 2 Insufficient memory.',
  )
  expect(why('ssd-only')).toContain("2 node(s) didn't match Pod's node affinity/selector.")
  expect(why('no-claim')).toContain('persistentvolumeclaim "nobody-made-it" not found')
  expect(run('kubectl label node worker-1 disktype=ssd; sleep 3; kubectl get pod ssd-only --no-headers')).toMatch(
    /labeled\nssd-only +1\/1 +Running/,
  )
  expect(run('kubectl get pod tolerant -o jsonpath={.spec.nodeName}')).toBe('control-plane')
})

test('services of all kinds have names', () => {
  const { run, box } = worldOf(['names'], 5)
  expect(box('curl -s api.shop | head -2')).toBe('Hello, world!\nVersion: 1.0.0\n')
  expect(new Set(times(6, 'curl -s api.shop | tail -1').map(box)).size).toBe(1)
  expect(box('dig +noall +answer my-service.shop.svc.cluster.local')).toMatch(/IN\s+CNAME\s+client\.vethlab\.test\.\n/)
  expect(box('dig +short headless.shop.svc.cluster.local').trim().split('\n').length).toBe(2)
  expect(box('dig +short SRV _http._tcp.headless.shop.svc.cluster.local')).toMatch(
    /^(0 50 80 10-244-\d-\d+\.headless\.shop\.svc\.cluster\.local\.\n){2}$/,
  )
  expect(box('curl -s outside.shop')).toBe('Client sent an HTTP request to an HTTPS server.\n')
  expect(run('kubectl delete ns shop; kubectl get all -n shop')).toBe('namespace "shop" deleted\nNo resources found in shop namespace.\n')
  expect(box('dig api.shop.svc.cluster.local | grep -o "status: [A-Z]*"')).toBe('status: NXDOMAIN\n')
})

test('objects that nothing acts upon are kept and shown', () => {
  const { run, said } = worldOf(['objects'], 1)
  expect(said.match(/ created/g)?.length).toBe(12)
  expect(run('kubectl get hpa,ing,netpol,role,rolebinding,pdb,limits,quota -o name')).toBe(
    [
      'horizontalpodautoscaler.autoscaling/php-apache',
      'ingress.networking.k8s.io/minimal-ingress',
      'networkpolicy.networking.k8s.io/default-deny',
      'role.rbac.authorization.k8s.io/pod-reader',
      'rolebinding.rbac.authorization.k8s.io/read-pods',
      'poddisruptionbudget.policy/zk-pdb',
      'limitrange/limits',
      'resourcequota/quota',
      '',
    ].join('\n'),
  )
  expect(run("kubectl run limited --image=nginx; kubectl get pod limited -o jsonpath='{.spec.containers[0].resources}'")).toContain(
    '{"limits":{"cpu":"500m"},"requests":{"cpu":"100m"}}',
  )
  expect(run('kubectl apply -f objects.yaml').match(/ unchanged/g)?.length).toBe(12)
})

test('versions that are gone and objects that are wrong are refused in the words of the server', () => {
  const { said } = worldOf(['old-versions', 'invalid'], 0)
  expect(
    said
      .split('\n')
      .filter((line) => !line.startsWith('hint:') && line !== 'ensure CRDs are installed first')
      .join('\n'),
  ).toBe(`resource mapping not found for name: "old" namespace: "" from "old-versions.yaml": no matches for kind "Deployment" in version "extensions/v1beta1"
resource mapping not found for name: "old" namespace: "" from "old-versions.yaml": no matches for kind "Ingress" in version "networking.k8s.io/v1beta1"
resource mapping not found for name: "old" namespace: "" from "old-versions.yaml": no matches for kind "CronJob" in version "batch/v1beta1"
resource mapping not found for name: "old" namespace: "" from "old-versions.yaml": no matches for kind "PodSecurityPolicy" in version "policy/v1beta1"
(exit 1)
The Deployment "no-selector" is invalid: 
* spec.selector: Required value
* spec.template.metadata.labels: Invalid value: {"app":"x"}: \`selector\` does not match template \`labels\`
The Deployment "mismatch" is invalid: spec.template.metadata.labels: Invalid value: {"app":"x"}: \`selector\` does not match template \`labels\`
The Service "Bad_Name" is invalid: metadata.name: Invalid value: "Bad_Name": a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')
The Service "low-port" is invalid: spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. The range of valid ports is 30000-32767
The Pod "twice" is invalid: spec.containers[1].name: Duplicate value: "c"
Error from server (NotFound): error when creating "invalid.yaml": namespaces "no-such-namespace" not found
(exit 1)
`)
})
