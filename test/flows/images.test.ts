/** Images against what their users know of them: answers, logs, shells, signals and exit codes. */
import { expect, test } from 'vitest'
import type { WorldOptions } from '../../core/cluster/world-spec.ts'
import { bootedCluster, sh } from '../support/cluster.ts'

function world(pods: readonly string[], seconds = 4, options: WorldOptions = {}): (line: string) => string {
  const cluster = bootedCluster(options)
  const run = (line: string): string => sh(cluster, 'workstation', line)
  for (const pod of ['box --image=nicolaka/netshoot -- sleep infinity', ...pods]) run(`kubectl run ${pod}`)
  run(`sleep ${seconds}`)
  return run
}

for (const cni of ['host-gw', 'vxlan', 'bridge'] as const) {
  test(`names resolve each time with ${cni}: the two questions of one look-up do not get into each other’s way`, () => {
    const run = world(['web --image=nginx --port=80 --expose'], 4, { cni })
    const loop = 'for i in 1 2 3 4 5 6 7 8 9 10 11 12; do curl -s -o /dev/null -w "%{http_code} " -m 2 http://web; done'
    expect(run(`kubectl exec box -- sh -c '${loop}'`).trim()).toBe(Array(12).fill('200').join(' '))
  })
}

test('nginx and httpd: pages, headers, logs', () => {
  const run = world(['web --image=nginx --port=80 --expose', 'apache --image=httpd:2.4 --port=80 --expose'])
  expect(run('kubectl exec box -- curl -s web')).toContain('<h1>Welcome to nginx!</h1>')
  expect(
    run('kubectl exec box -- curl -sI web')
      .replace(/00:00:\d\d GMT/g, 'TIME')
      .replace(/"[0-9a-f]+-267"/, 'ETAG')
      .replaceAll('\r', ''),
  ).toBe(`HTTP/1.1 200 OK
Server: nginx/1.29.1
Date: Thu, 01 Jan 2026 TIME
Content-Type: text/html
Last-Modified: Thu, 01 Jan 2026 TIME
ETag: ETAG
Accept-Ranges: bytes
Content-Length: 615
Connection: keep-alive

`)
  expect(run('kubectl exec box -- curl -s web/nope')).toContain(
    '<center><h1>404 Not Found</h1></center>\r\n<hr><center>nginx/1.29.1</center>',
  )
  expect(
    run('kubectl logs web | grep GET')
      .replace(/\[01.*?\]/g, '[TIME]')
      .replace(/10\.244\.\d\.\d+/g, 'IP')
      .replace(/curl\/[\d.]+/g, 'curl'),
  ).toBe(
    'IP - - [TIME] "GET / HTTP/1.1" 200 615 "-" "curl" "-"\n2026/01/01 00:00:06 [error] 1#1: *1 open() "/usr/share/nginx/html/nope" failed (2: No such file or directory), client: IP, server: localhost, request: "GET /nope HTTP/1.1", host: "web"\nIP - - [TIME] "GET /nope HTTP/1.1" 404 153 "-" "curl" "-"\n'.replace(
      /00:00:06/,
      /(00:00:\d\d) \[error/.exec(run('kubectl logs web'))?.[1] ?? '',
    ),
  )
  expect(run('kubectl exec box -- curl -s apache')).toBe('<html><body><h1>It works!</h1></body></html>\n')
  expect(run('kubectl logs apache | tail -2').replace(/\d\d:\d\d:\d\d(\.\d+)?/g, 'TIME')).toMatch(
    /^\[Thu Jan 01 TIME 2026\] \[core:notice\] .*AH00094: Command line: 'httpd -D FOREGROUND'\n.*"GET \/ HTTP\/1\.1" 200 45\n$/,
  )
})

test('Tomcat 10 has no applications; the book’s image has its page and tells when there is no database', () => {
  const run = world(['tomcat --image=tomcat:10 --port=8080 --expose', 'book --image=kubeguide/tomcat-app:v1 --port=8080 --expose'])
  expect(run('kubectl exec box -- curl -s tomcat:8080')).toMatch(
    /<h1>HTTP Status 404 – Not Found<\/h1>.*<h3>Apache Tomcat\/10\.1\.\d+<\/h3>/,
  )
  expect(run('kubectl exec box -- curl -s book:8080 | grep -c Congratulations')).toBe('1\n')
  expect(run('kubectl exec box -- curl -s book:8080/demo/')).toContain('MYSQL_SERVICE_HOST is not set')
})

test('redis: the client, the bare protocol, passwords, expiry', () => {
  const run = world(['cache --image=redis:7 --port=6379 --expose', 'locked --image=redis -- --requirepass secret'])
  const cli = (words: string): string => run(`kubectl exec cache -- redis-cli ${words}`)
  expect([
    cli('ping'),
    cli('set a "hello world"'),
    cli('get a'),
    cli('get b'),
    cli('incr n'),
    cli('rpush l 1 2 3'),
    cli('lrange l 0 -1'),
    cli('keys "*"'),
    cli('type l'),
    cli('FOO x'),
  ]).toEqual([
    'PONG\n',
    'OK\n',
    'hello world\n',
    '\n',
    '1\n',
    '3\n',
    '1\n2\n3\n',
    'a\nl\nn\n',
    'list\n',
    "ERR unknown command 'FOO', with args beginning with: 'x' \n",
  ])
  expect(cli('set t x ex 3; sleep 4; kubectl exec cache -- redis-cli ttl t')).toBe('OK\n-2\n')
  expect(run('kubectl exec box -- sh -c "printf \'PING\\r\\nSET k v\\r\\nGET k\\r\\nQUIT\\r\\n\' | nc cache 6379"')).toBe(
    '+PONG\r\n+OK\r\n$1\r\nv\r\n+OK\r\n',
  )
  expect(run('kubectl exec locked -- redis-cli get a; kubectl exec locked -- redis-cli -a secret ping')).toBe(
    'NOAUTH Authentication required.\nPONG\n',
  )
})

test('agnhost: what tests of networks use', () => {
  const run = world([
    'net --image=registry.k8s.io/e2e-test-images/agnhost:2.57 --port=8080 --expose -- netexec',
    'name --image=registry.k8s.io/e2e-test-images/agnhost:2.57 --port=9376 --expose -- serve-hostname',
  ])
  const get = (path: string): string => run(`kubectl exec box -- curl -s 'http://net:8080/${path}'`)
  expect([
    get('hostname'),
    get('echo?msg=hi'),
    get('shell?cmd=hostname'),
    get('dial?host=name&port=9376&protocol=http&request=hostname'),
  ]).toEqual(['net', 'hi', '{"output":"net\\n"}', '{"responses":["name"]}'])
  expect(get('clientip')).toMatch(/^10\.244\.\d\.\d+:\d+$/)
  const connect = (to: string): string => run(`kubectl exec net -- /agnhost connect --timeout=1s ${to}`).split('\n')[0]
  expect([connect('name:9376'), connect('10.244.250.9:80'), connect('nosuch:1')]).toEqual([
    '',
    'TIMEOUT',
    'DNS: lookup nosuch: no such host',
  ])
  expect(
    run(
      "kubectl exec box -- sh -c 'echo hostname | nc -u -w 1 $(getent hosts name | cut -d\" \" -f1) 1; true'; kubectl exec box -- curl -s 'http://net:8080/exit?code=3'; sleep 2; kubectl get pod net --no-headers",
    ),
  ).toMatch(/net +1\/1 +Running +1 /)
})

test('exec, run and logs: exit codes, missing programs, the life before, following', () => {
  const run = world([
    'tick --image=busybox -- sh -c "i=0; while true; do i=\\$((i+1)); echo tick \\$i; sleep 1; done"',
    'crash --image=busybox -- sh -c "echo dying; exit 7"',
    'web --image=nginx',
  ])
  expect(run('kubectl exec tick -- sh -c "exit 3"')).toBe('command terminated with exit code 3\n(exit 3)\n')
  expect(run('kubectl exec tick -- nope').replace(/"[0-9a-f]{64}"/, 'ID')).toBe(
    'error: Internal error occurred: error executing command in container: failed to exec in container: failed to start exec ID: OCI runtime exec failed: exec failed: unable to start container process: exec: "nope": executable file not found in $PATH: unknown\n(exit 1)\n',
  )
  expect(run('kubectl logs crash --previous')).toBe('dying\n')
  expect(run("kubectl get pod crash -o jsonpath='{.status.containerStatuses[0].lastState.terminated.exitCode}'")).toBe('7')
  expect(run('timeout 3 kubectl logs -f tick --tail=1 | wc -l').trim()).toMatch(/^[345]$/)
  expect(run('kubectl run r1 --rm -i --image=busybox --restart=Never -q -- sh -c "echo hi; exit 4"')).toMatch(/^hi\n[^]*\(exit 4\)\n$/)
  expect(run("echo 'echo from $0; hostname' | kubectl run r2 --rm -i -q --image=alpine --restart=Never -- sh")).toMatch(/^from sh\nr2\n/)
})

test('the first process of a container: deaf from within without a handler, 137 when it is killed, 0 when it goes by itself', () => {
  const run = world(['deaf --image=busybox -- sleep 3600', 'web --image=nginx'])
  run('kubectl exec deaf -- kill 1; kubectl exec deaf -- kill -9 1; kubectl exec deaf -- sh -c "kill -9 1"; sleep 1')
  expect(run('kubectl get pod deaf --no-headers')).toMatch(/Running +0 /)
  const last = (pod: string): string =>
    run(
      `kubectl get pod ${pod} -o jsonpath='{.status.containerStatuses[0].lastState.terminated.exitCode} {.status.containerStatuses[0].lastState.terminated.reason}'`,
    )
  run('lab pod crash deaf; kubectl exec web -- kill 1; sleep 1')
  expect([last('deaf'), last('web')]).toEqual(['137 Error', '0 Completed'])
})

test('every container knows its service account', () => {
  const run = world(['web --image=nginx'])
  expect(
    run(
      'kubectl exec web -- sh -c "ls /var/run/secrets/kubernetes.io/serviceaccount; cat /var/run/secrets/kubernetes.io/serviceaccount/namespace"',
    ),
  ).toBe('ca.crt\nnamespace\ntoken\ndefault')
})

test('the same images by other names', () => {
  const images = [
    'k8s.gcr.io/echoserver:1.10',
    'registry.aliyuncs.com/google_containers/pause:3.9',
    'public.ecr.aws/docker/library/nginx:stable',
    'docker.m.daocloud.io/library/redis:7',
    'registry.k8s.io/busybox:1.27.2',
    'gcr.io/kubernetes-e2e-test-images/agnhost:2.2',
  ]
  const run = world(images.map((image, i) => `p${i} --image=${image}`))
  expect(run('kubectl get events -o custom-columns=M:.message | grep -c stand-in').trim()).toBe('0\n(exit 1)')
})
